//! Runs through bad weather: services that fail, throttle, hang, and connections that break.

mod proxy;
mod runs;
mod sdk;
