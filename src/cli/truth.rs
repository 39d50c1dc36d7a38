//! What the variable of a flag without a value may say: yes and no, as people and pipelines say them.

/// Whether it says yes. A pipeline that has nothing to say leaves it empty.
pub fn truth(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
        "" | "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}
