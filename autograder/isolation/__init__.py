"""What keeps a student's code apart: one module for each mechanism, `sandbox.py` takes the steps in order."""
