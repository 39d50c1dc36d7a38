//! One integration binary; a module a subject.

#[cfg(test)]
mod estate;
#[cfg(test)]
mod gitops;
