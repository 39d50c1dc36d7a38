"""Tests of the bed itself: `.venv/bin/python -m unittest discover -s emulator/tests -t .`"""
