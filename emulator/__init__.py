"""The test bed: AWS, Kubernetes, Argo CD and Git on one machine.

Everything that can be real is real; `README.md` beside this file says what is emulated and how far.
"""
