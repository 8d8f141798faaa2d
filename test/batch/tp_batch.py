"""Jobs for tp-batch (Batch.cpp says what a job and its answer are)."""
import json
import subprocess
import sys


def run_batch(program, jobs, *options):
    """What tp-batch says of each job: a dictionary, in any order."""
    process = subprocess.run([program, "--timeout=120", *options], text=True, stdout=subprocess.PIPE,
                             input="".join(json.dumps(job) + "\n" for job in jobs))
    if process.returncode:
        sys.exit(f"tp-batch exited with {process.returncode}")
    return [json.loads(line) for line in process.stdout.splitlines()]
