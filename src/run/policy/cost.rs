//! What a plan costs, by `infracost`, and whether that is too much.

use serde::Deserialize;

use super::answer::Answer;
use super::{Case, Policies, program, tell};
use crate::engine::EngineError;
use crate::project::policy::CostLimits;
use crate::run::event::{Cost, EventKind};
use crate::support::process::CommandLine;
use crate::support::scratch::Scratch;

/// The name under which the limits speak.
const NAME: &str = "cost";
/// The plan that is handed over.
const PLAN: &str = "plan.json";

/// The totals of infracost's JSON; amounts are texts, so that no cent is lost.
#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    currency: Option<String>,
    #[serde(default, rename = "totalMonthlyCost")]
    after: Option<String>,
    #[serde(default, rename = "pastTotalMonthlyCost")]
    before: Option<String>,
    #[serde(default, rename = "diffTotalMonthlyCost")]
    increase: Option<String>,
}

impl Policies {
    /// Asks the price list; returns why the plan may not be applied, if so.
    ///
    /// Where nothing is limited, a price that is not known stands in nobody's way.
    pub(super) async fn price(
        &self,
        limits: &CostLimits,
        case: &Case<'_>,
    ) -> Result<Option<String>, EngineError> {
        let limited = limits.max_monthly_increase.is_some() || limits.max_unit_increase.is_some();
        let cost = match self.ask_for_cost(limits, case).await? {
            Ok(cost) => cost,
            Err(reason) if limited => {
                return Ok(tell(NAME, limits.enforcement, Answer::undecided(reason), case));
            }
            Err(reason) => {
                let answer = Answer { warn: vec![format!("no price: {reason}")], ..Answer::default() };
                return Ok(tell(NAME, limits.enforcement, answer, case));
            }
        };
        case.reporter.emit(EventKind::Priced { node: case.reporter.node.clone(), cost: cost.clone() });
        if !limited {
            return Ok(None);
        }
        let (increase, currency) = (cost.increase(), &cost.currency);
        let mut deny = Vec::new();
        if let Some(most) = limits.max_unit_increase.filter(|most| increase > *most) {
            deny.push(format!(
                "it costs {increase:.2} {currency} more a month; a unit may cost {most:.2} more"
            ));
        }
        let sum = self.add_increase(currency, increase);
        if let Some(most) = limits.max_monthly_increase.filter(|most| sum > *most && increase > 0.0) {
            deny.push(format!(
                "with {increase:.2} {currency} more a month for it, the run comes to {sum:.2}; {most:.2} is the limit"
            ));
        }
        if !deny.is_empty() {
            // What is not applied costs nothing.
            self.add_increase(currency, -increase);
        }
        Ok(tell(NAME, limits.enforcement, Answer { deny, ..Answer::default() }, case))
    }

    async fn ask_for_cost(
        &self,
        limits: &CostLimits,
        case: &Case<'_>,
    ) -> Result<Result<Cost, String>, EngineError> {
        // infracost reads files only. This one is its owner's to read, and gone when the answer is there.
        let written =
            Scratch::new("plan").and_then(|folder| folder.write(PLAN, case.text.as_bytes()).map(|_| folder));
        let folder = match written {
            Ok(folder) => folder,
            Err(error) => return Ok(Err(format!("the plan cannot be handed over: {error}"))),
        };
        let mut command = CommandLine::new(&limits.program, &self.dir)
            .args(["diff", "--format", "json", "--no-color", "--path"])
            .arg(folder.path().join(PLAN))
            .env("INFRACOST_SKIP_UPDATE_CHECK", "true");
        if let Some(usage) = &limits.usage_file {
            command = command.arg("--usage-file").arg(usage);
        }
        let ended = match program::run(&command, case).await? {
            Ok(ended) => ended,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if ended.code != Some(0) {
            let last = ended.stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let code = ended.code.unwrap_or(-1);
            return Ok(Err(format!("{} exited with {code}: {last}", command.name())));
        }
        Ok(read(&ended.stdout))
    }
}

fn read(answer: &str) -> Result<Cost, String> {
    let report: Report =
        serde_json::from_str(answer).map_err(|error| format!("its answer cannot be read: {error}"))?;
    let amount = |text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Some).ok_or_else(|| format!("\"{text}\" is no amount"))
        }
    };
    let after = amount(&report.after)?.ok_or("its answer has no totalMonthlyCost")?;
    let before = match (amount(&report.before)?, amount(&report.increase)?) {
        (Some(before), _) => before,
        (None, Some(increase)) => after - increase,
        (None, None) => 0.0,
    };
    let currency = report.currency.filter(|currency| !currency.is_empty());
    Ok(Cost { currency: currency.unwrap_or_else(|| "USD".to_owned()), before, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_of_infracost_are_read() {
        let text = r#"{"version":"0.2","currency":"EUR","projects":[],"totalMonthlyCost":"743.20",
            "pastTotalMonthlyCost":"700","diffTotalMonthlyCost":"43.2","totalMonthlyUsageCost":null}"#;
        assert_eq!(read(text), Ok(Cost { currency: "EUR".to_owned(), before: 700.0, after: 743.2 }));
        assert!(read("{}").is_err(), "no total is no price, and not one of nought");
        assert!(read(r#"{"totalMonthlyCost":"much"}"#).is_err());
    }
}
