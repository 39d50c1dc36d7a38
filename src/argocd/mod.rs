//! Argo CD: its installation, its Applications and what they say of themselves.
