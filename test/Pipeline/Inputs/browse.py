"""Prints a report page with configurations in its data and a reader (browse.js) behind it.

browse.py PAGE
"""

import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    page = file.read()
with open(os.path.join(os.path.dirname(__file__), "browse.js"), encoding="utf-8") as file:
    reader = file.read()
opening = '<script type="application/json" id="report">'
configurations = [
    {"dp": 1, "pp": 1, "tp": 4, "ep": 1, "prefill_ms": 8.0, "decode_ms": 1.5, "throughput_tokens_per_s": 640.0,
     "memory_bytes_per_rank": 2000000, "feasible": True, "reason": "fastest", "chosen": True},
    {"dp": 4, "pp": 1, "tp": 1, "ep": 1, "feasible": False, "reason": "memory is too small"},
]
page = page.replace(opening + "{", opening + '{"configurations":' + json.dumps(configurations) + ",", 1)
errors = """<script>addEventListener("error", (e) => {
  const p = document.createElement("p"); p.className = "error"; p.textContent = e.message; document.body.append(p);
});</script>"""
sys.stdout.reconfigure(encoding="utf-8")
print(page.replace(opening, errors + opening).replace("</body>", f"<script>{{{reader}}}</script></body>"))
