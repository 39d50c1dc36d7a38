//! Everyone who watches a run: all are listeners of the same events.
