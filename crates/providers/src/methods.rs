//! The calls of the providers' protocol, as far as they are not all the same.

/// A call, by the name of its service and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// What a program says always the same: it is asked once.
    Static,
    /// Gives the provider its configuration.
    Configure,
    /// Asks it to stop what it is at.
    Stop,
    /// May change something, and is waited for even where everything is to stop: whoever ends it does not know what is left.
    Lasting,
    /// Gives something back, which is done even where everything is to stop.
    Closing,
    /// Everything else.
    Plain,
    /// Whether there is anybody.
    Health,
    /// Ends the process, which is ours.
    Shutdown,
    /// Stays open and says nothing: what providers print is read elsewhere, and nothing is brokered.
    Silent,
    /// None that a tool calls.
    Unknown,
}

impl Method {
    /// The call of a path.
    pub fn of(path: &str) -> Self {
        match path {
            "/grpc.health.v1.Health/Check" => return Self::Health,
            "/plugin.GRPCController/Shutdown" => return Self::Shutdown,
            "/plugin.GRPCStdio/StreamStdio" | "/plugin.GRPCBroker/StartStream" => return Self::Silent,
            _ => {}
        }
        let own = path.strip_prefix("/tfplugin5.Provider/").or(path.strip_prefix("/tfplugin6.Provider/"));
        match own {
            None => Self::Unknown,
            Some(
                "GetSchema"
                | "GetProviderSchema"
                | "GetMetadata"
                | "GetFunctions"
                | "GetResourceIdentitySchemas",
            ) => Self::Static,
            Some("Configure" | "ConfigureProvider") => Self::Configure,
            Some("Stop" | "StopProvider") => Self::Stop,
            Some(
                "ApplyResourceChange" | "InvokeAction" | "WriteStateBytes" | "LockState" | "DeleteState",
            ) => Self::Lasting,
            Some("CloseEphemeralResource" | "UnlockState") => Self::Closing,
            Some(_) => Self::Plain,
        }
    }
}

/// The path of the question for the schema.
pub fn schema(protocol: u32) -> &'static str {
    if protocol == 6 { "/tfplugin6.Provider/GetProviderSchema" } else { "/tfplugin5.Provider/GetSchema" }
}

/// Whether a call is the question for the schema.
pub fn asks_for_schema(path: &str) -> bool {
    [5, 6].iter().any(|protocol| schema(*protocol) == path)
}

/// Whether a call is the question for the schemas of identities.
pub fn asks_for_identities(path: &str) -> bool {
    Method::of(path) == Method::Static && path.ends_with("/GetResourceIdentitySchemas")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_both_versions_are_known_by_their_names() {
        assert_eq!(Method::of("/tfplugin5.Provider/Configure"), Method::Configure);
        assert_eq!(Method::of("/tfplugin6.Provider/ConfigureProvider"), Method::Configure);
        assert_eq!(Method::of(schema(5)), Method::Static);
        assert_eq!(Method::of(schema(6)), Method::Static);
        assert_eq!(Method::of("/tfplugin6.Provider/PlanResourceChange"), Method::Plain);
        assert_eq!(Method::of("/tfplugin5.Provider/ApplyResourceChange"), Method::Lasting);
        assert_eq!(Method::of("/tfplugin5.Provisioner/ProvisionResource"), Method::Unknown);
        assert_eq!(Method::of("/plugin.GRPCController/Shutdown"), Method::Shutdown);
    }
}
