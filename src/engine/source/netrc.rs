//! Logins of web servers in `~/.netrc`.

use super::address::Login;
use crate::support::fs::read_text;
use crate::support::secret::Secret;

/// The login that `~/.netrc`, or the file that `NETRC` names, has for a host.
pub(super) fn login_of(host: &str) -> Option<Login> {
    let named = std::env::var_os("NETRC").filter(|name| !name.is_empty()).map(std::path::PathBuf::from);
    let path = named.or_else(|| Some(std::env::home_dir()?.join(".netrc")))?;
    login_in(&read_text(&path).ok()?, host)
}

fn login_in(text: &str, host: &str) -> Option<Login> {
    // Macros run to the next empty line and may hold any words.
    let mut in_macro = false;
    let lines = text.lines().filter(|line| {
        in_macro = (in_macro && !line.trim().is_empty()) || line.trim_start().starts_with("macdef");
        !in_macro && !line.trim_start().starts_with('#')
    });
    let joined = lines.collect::<Vec<_>>().join("\n");
    let mut words = joined.split_whitespace();
    let (mut ours, mut user, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" => {
                if ours {
                    break;
                }
                ours = word == "default" || words.next() == Some(host);
            }
            "login" if ours => user = words.next(),
            "password" if ours => password = words.next(),
            "login" | "password" | "account" => {
                words.next();
            }
            _ => {}
        }
    }
    ours.then(|| Login {
        user: user.unwrap_or_default().to_owned(),
        password: Secret::new(password.unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_by_its_host_and_by_no_other() {
        let text = "machine a.example.com login ann password one\n# machine b.example.com\n\
                    macdef init\nmachine b.example.com login no password no\n\nmachine b.example.com\n  login bob\n  password two\n";
        let bob = login_in(text, "b.example.com").unwrap();
        assert_eq!((bob.user.as_str(), bob.password.expose()), ("bob", "two"));
        assert!(login_in(text, "c.example.com").is_none());
        assert_eq!(
            login_in(&format!("{text}default login any password three"), "c.example.com").unwrap().user,
            "any"
        );
    }
}
