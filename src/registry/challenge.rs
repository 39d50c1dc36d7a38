//! What a registry wants before it answers: the header `WWW-Authenticate`.

/// One way to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password with each request.
    Basic,
    /// A token that another server gives.
    Bearer {
        /// The address of that server.
        realm: String,
        /// How it is to call this registry.
        service: Option<String>,
        /// What the token has to allow.
        scope: Option<String>,
    },
}

/// The ways that a header offers and that are known here; one header may offer several.
pub(super) fn read(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',', '\t']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ',', '\t']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let word = word.to_ascii_lowercase();
        let behind = behind.trim_start();
        rest = if let Some(value) = behind.strip_prefix('=') {
            let (value, behind) = value_of(value.trim_start());
            if let Some((_, parameters)) = challenges.last_mut() {
                parameters.push((word, value));
            }
            behind
        } else {
            if !word.is_empty() {
                challenges.push((word, Vec::new()));
            }
            behind
        };
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    challenges.into_iter().filter_map(|(scheme, parameters)| known(&scheme, &parameters)).collect()
}

fn known(scheme: &str, parameters: &[(String, String)]) -> Option<Challenge> {
    let of = |wanted: &str| {
        parameters
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            Some(Challenge::Bearer { realm: of("realm")?, service: of("service"), scope: of("scope") })
        }
        _ => None,
    }
}

/// A value, in quotes or without, and what stands behind it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), behind);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) }
    }

    #[test]
    fn what_registries_say_is_understood() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let expected = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:library/nginx:pull"),
        );
        assert_eq!(read(hub), [expected]);
        assert_eq!(
            read(r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#),
            [Challenge::Basic]
        );
        // Two ways in one header, in any order, with commas inside of quotes.
        let both =
            r#"basic realm="a, b" , BEARER realm = "https://r.example/t" , scope="repository:a:pull,push""#;
        assert_eq!(
            read(both),
            [Challenge::Basic, bearer("https://r.example/t", None, Some("repository:a:pull,push"))]
        );
    }

    #[test]
    fn what_is_not_understood_offers_nothing() {
        for text in
            ["", ",,,", "Negotiate", "Bearer", "Bearer service=x", "=", "Bearer realm=\"\"", "Digest a=\"\\"]
        {
            assert!(read(text).is_empty(), "{text}");
        }
        assert_eq!(read("Bearer realm=\"https://r.example"), [bearer("https://r.example", None, None)]);
        assert_eq!(read(r#"Bearer realm="a\"b""#), [bearer("a\"b", None, None)]);
    }
}
