//! The run: scheduler, cancellation, journal, gates as nodes of the graph, and the events they emit.
