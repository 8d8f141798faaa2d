"""Checks a report page: it is one well-formed file, loads nothing, and its data is the report.

check_page.py PAGE REPORT.json
"""

import html.parser
import json
import re
import sys

# Elements that the template has: whatever else appears came out of a name.
ALLOWED = set("html head meta title style body a header div p h1 button nav main noscript footer script".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.scripts, self.title, self.inside = [], "", None

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, f"unexpected <{tag}>"
        values = dict(attributes)
        assert "src" not in values, f"<{tag}> loads {values['src']}"
        assert values.get("href", "#").startswith("#"), f"<{tag}> links {values['href']}"
        self.inside = tag
        if tag == "script":
            self.scripts.append((values, ""))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "script":
            values, text = self.scripts[-1]
            self.scripts[-1] = values, text + data
        elif self.inside == "title":
            self.title += data
        elif self.inside == "style":
            assert not re.search(r"url\(|@import", data), "the style loads something"


with open(sys.argv[1], encoding="utf-8") as file:
    page = Page()
    page.feed(file.read())
    page.close()
with open(sys.argv[2], encoding="utf-8") as file:
    report = json.load(file)

assert len(page.scripts) == 2, f"{len(page.scripts)} scripts"
(attributes, data), (_, code) = page.scripts
assert attributes == {"type": "application/json", "id": "report"}, attributes
embedded = json.loads(data)
assert not re.search(r"\b(fetch|XMLHttpRequest|import|eval|innerHTML|WebSocket)\b\s*[(=]", code), "the script loads something"
for address in re.findall(r"https?://[^\"'\s]*", code):
    assert address == "http://www.w3.org/2000/svg", address
for varying in ("timings_ms", "peak_rss_bytes"):
    assert embedded.pop(varying) and report.pop(varying)
assert embedded == report, "the page's data is not the report"
assert page.title == report["model"] + ": tp-opt plan", page.title

graph = report["graph"]["sections"]
nodes = [node for part in graph for group in part["classes"] for node in group["nodes"]]
moves = sum(len(group["layers"] or [None]) * len(node.get("collectives", []))
            for part in graph for group in part["classes"] for node in group["nodes"])
assert moves == len(report["collectives"]), f"{moves} collectives in the graph, {len(report['collectives'])} in the list"
for part in graph:
    for group in part["classes"]:
        known = {node["id"] for node in group["sources"]}
        for node in group["nodes"]:
            assert known.issuperset(node["inputs"]), f"node {node['id']} reads what is not there"
            known.add(node["id"])
for part in graph:
    print(part["kind"], "; ".join(f"layers {group['layers']}: {len(group['nodes'])} nodes" for group in part["classes"]))
for node in nodes:
    for index in node.get("collectives", []):
        entry = report["collectives"][index]
        print(node["op"], entry["kind"], "layer", entry["layer"], "after", repr(node["name"]), "us", round(entry["predicted_us"], 1))
