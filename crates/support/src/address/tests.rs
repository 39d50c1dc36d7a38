use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    Address::new(text).to_string()
}

#[test]
fn what_holds_no_secret_is_shown_as_it_is() {
    for text in [
        "../../infra//vpc",
        "/infra//vpc@2",
        "modules@v1/vpc",
        "tfr:///org/vpc/aws//modules/x?version=3.3.0",
        "git::ssh://git@h.example.com/r.git//x?ref=v1&depth=1",
        "git@h.example.com:org/r.git//x?ref=v1",
        "git::git@h.example.com:org/r.git",
        "github.com/org/r//x?ref=main",
        "https://h.example.com:8443/@scope/m.zip?archive=zip&checksum=sha256:00",
        "s3::https://s3-eu-west-1.amazonaws.com/b/k.zip?region=eu-west-1",
        "https://[::1]:80/x",
        "http://registry:5000/modules@v1/x.zip",
        "http://registry:5000/team/@scope.example/x.zip",
        "file:///srv/m@1",
        "",
    ] {
        assert_eq!(shown(text), text);
        assert!(!Address::new(text).has_secrets(), "{text}");
    }
}

#[test]
fn logins_are_hidden_in_every_kind_of_address() {
    for (text, wanted) in [
        ("git::https://user:hunter2@h/r.git?ref=v1", "git::https://…:…@h/r.git?ref=v1"),
        ("https://ghp@h/r.git", "https://…@h/r.git"),
        ("https://x-access-token:hunter2@h/r.git", "https://x-access-token:…@h/r.git"),
        ("https://:hunter2@h/r.git", "https://:…@h/r.git"),
        ("git::ssh://git:hunter2@h/r.git", "git::ssh://git:…@h/r.git"),
        ("ssh://deploy@h/r.git", "ssh://…@h/r.git"),
        ("deploy:hunter2@h:org/r.git", "…:…@h:org/r.git"),
        ("user:hunter2@h/r.git", "…:…@h/r.git"),
        ("git::git::https://u:hunter2@h/r", "git::git::https://…:…@h/r"),
        // The password is written as it should not be.
        ("https://user:hunt/er2@h/r.git", "https://…:…@h/r.git"),
        ("https://user:hunt?er2@h/r.git", "https://…:…@h/r.git"),
        ("https://user:hunt#er2@h/r.git", "https://…:…@h/r.git"),
        ("https://user:hunt@er2@h/r.git", "https://…:…@h/r.git"),
        ("https://user:1234/56@h.example.com/r.git", "https://…:…@h.example.com/r.git"),
        ("https://ada.l:1234/56@h.example.com:8443/r.git", "https://…:…@h.example.com:8443/r.git"),
        ("git::ssh://git:0042/x/y@localhost/r.git?ref=v1", "git::ssh://git:…@localhost/r.git?ref=v1"),
        ("https://user:123456/7@h/r.git", "https://…:…@h/r.git"),
        ("s3::http://u:hunter2@127.0.0.1:9000/b/k", "s3::http://…:…@127.0.0.1:9000/b/k"),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
        assert_eq!(format!("{:?}", Address::new(text)), format!("{wanted:?}"));
        assert_eq!(serde_json::to_string(&Address::new(text)).unwrap(), format!("{wanted:?}"));
        assert_eq!(Address::new(text).expose(), text);
    }
}

#[test]
fn parameters_are_hidden_unless_they_say_what_is_fetched() {
    for (text, wanted) in [
        ("git::ssh://git@h/r.git?sshkey=aHVudGVy&ref=v1", "git::ssh://git@h/r.git?sshkey=…&ref=v1"),
        (
            "https://h/m.zip?X-Amz-Signature=hunter2&archive=zip",
            "https://h/m.zip?X-Amz-Signature=…&archive=zip",
        ),
        ("https://h/m.zip?access%5Ftoken=hunter2", "https://h/m.zip?access%5Ftoken=…"),
        ("https://h/m.zip?ref=v1;token=hunter2", "https://h/m.zip?ref=v1;token=…"),
        ("https://h/m.zip?ref=v1?token=hunter2", "https://h/m.zip?ref=v1?token=…"),
        ("https://h/m.zip#token=hunter2", "https://h/m.zip#token=…"),
        ("https://h/m.zip?hunter2hunter2", "https://h/m.zip?…"),
        ("https://h/m.zip?checksum=file:https://u:hunter2@h/s", "https://h/m.zip?checksum=…"),
        ("https://h/m.zip?checksum=file:https%3A%2F%2Fu%3Ahunter2%40h/s", "https://h/m.zip?checksum=…"),
        (
            "s3::https://s3.amazonaws.com/b/k?aws_access_key_secret=hunter2",
            "s3::https://s3.amazonaws.com/b/k?aws_access_key_secret=…",
        ),
        ("git@h:r.git?sshkey=hunter2", "git@h:r.git?sshkey=…"),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn the_secrets_are_told_as_they_are_written_and_as_they_are_meant() {
    let address = Address::new("git::https://bob:p%40ss%2Bword@h.example.com/r.git?sshkey=a%2Bb&ref=v1");
    let secrets = address.secrets();
    for secret in ["bob", "p%40ss%2Bword", "p@ss+word", "a%2Bb", "a+b", "Ym9iOnBAc3Mrd29yZA=="] {
        assert!(secrets.iter().any(|known| known == secret), "{secret} is not in {secrets:?}");
    }
    let said = "fatal: could not read from 'https://bob:p@ss+word@h' with p%40ss%2Bword: bobsled";
    assert_eq!(address.redact(said), "fatal: could not read from 'https://…:…@h' with …: bobsled");
}

#[test]
fn escapes_that_are_none_stay() {
    assert_eq!(percent_decode("a%40b%"), "a@b%");
    assert_eq!(percent_decode("%+1%zz%4"), "%+1%zz%4");
}

proptest! {
    /// Wherever a secret stands in an address, and whatever stands around it, it is not shown.
    #[test]
    fn a_secret_is_never_shown(
        forced in "(git::|s3::)?",
        scheme in "(https|http|ssh|ftp)",
        user in "[a-zA-Z0-9%._~-]{0,8}",
        password in "canary[a-zA-Z0-9%._~!$'()*+,=/?#@:&;-]{0,12}",
        path in "(/[a-z@.]{0,6}){0,3}",
        name in "(token|sshkey|X-Amz-Signature|private_token|a)",
    ) {
        let in_login = format!("{forced}{scheme}://{user}:{password}@host{path}?ref=v1");
        prop_assert!(!shown(&in_login).contains("canary"), "{} of {in_login}", shown(&in_login));
        let value = password.replace(['&', ';', '?', '#'], "");
        let in_query = format!("{forced}{scheme}://host{path}?ref=v1&{name}={value}");
        prop_assert!(!shown(&in_query).contains("canary"), "{} of {in_query}", shown(&in_query));
        let text = format!("fatal: unable to access '{in_login}': no");
        let clean = redact::clean(&text).into_owned();
        prop_assert!(password.contains('\'') || !clean.contains("canary"), "{clean}");
    }

    /// No text makes it panic, and nothing but secrets is taken out.
    #[test]
    fn any_text_can_be_shown(text in ".{0,40}") {
        let shown = shown(&text);
        prop_assert!(Address::new(text.clone()).has_secrets() || shown == text);
    }
}
