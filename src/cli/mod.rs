//! The command line: one file a command, its arguments and the call into the library.
