//! Bash, which cuts words at `=`, `:` and `@`, and takes what it is given as it is.

use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

/// The script joins the words that Bash has cut, hands over all up to the cursor, and gives back the part of each answer
/// that stands behind the last cut. What a shell would obey is quoted, or left out within quotes.
const SCRIPT: &str = r#"_slipway() {
    local line=${COMP_LINE:0:COMP_POINT} words=() count=0 i
    for ((i = 0; i < COMP_CWORD; i++)); do
        if ((i > 0)) && [[ $line != [[:space:]]* ]]; then
            words[count - 1]+=${COMP_WORDS[i]}
        else
            words[count++]=${COMP_WORDS[i]}
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"${COMP_WORDS[i]}"}
    done
    if [[ $line == [[:space:]]* ]]; then
        words[count++]=${line#"${line%%[![:space:]]*}"}
    else
        words[count - 1]+=$line
    fi
    local current=${words[count - 1]} quoted=false
    if [[ $current == [\"\']* ]]; then
        quoted=true
        current=${current:1}
        words[count - 1]=$current
    fi
    local cut=${current%"${current##*["$COMP_WORDBREAKS"]}"} answer
    COMPREPLY=()
    while IFS= read -r answer; do
        answer=${answer#"$cut"}
        [[ -n $answer ]] || continue
        if [[ $answer == *[!-A-Za-z0-9_./:=@,+%]* ]]; then
            [[ $quoted == false ]] || continue
            printf -v answer %q "$answer"
        fi
        COMPREPLY+=("$answer")
    done < <(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((count - 1)) VARIABLE=bash \
        COMPLETER -- "${words[@]}" 2>/dev/null && echo)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=:.] ]] && type compopt &>/dev/null; then
        compopt -o nospace
    fi
}
if [[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ]]; then
    complete -o nosort -F _slipway BIN
else
    complete -F _slipway BIN
fi
"#;

/// Bash.
pub struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        _name: &str,
        bin: &str,
        completer: &str,
        buffer: &mut dyn Write,
    ) -> Result<(), Error> {
        let script = SCRIPT.replace("VARIABLE", variable).replace("COMPLETER", completer).replace("BIN", bin);
        buffer.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        arguments: Vec<OsString>,
        current_dir: Option<&Path>,
        buffer: &mut dyn Write,
    ) -> Result<(), Error> {
        clap_complete::env::Bash.write_complete(command, arguments, current_dir, buffer)
    }
}
