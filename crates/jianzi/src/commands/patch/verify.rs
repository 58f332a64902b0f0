//! `jianzi patch verify`: what was looked at, and what was found.

use std::fmt::Write;

use clock::Clock;
use releases::{Bundle, Manifest, ModuleShape, ReplayVerdict, TrustStore, Verdict};
use wasm_host::{WasmConfig, WasmHost};

use super::server::Admin;
use super::{VerifyArgs, build, failed, read, show};
use crate::commands::config::print_out;
use crate::failure::Failure;

/// Prints everything that was found out, and fails if any of it is bad.
pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let bytes = read(&args.bundle)?;
    let bundle = Bundle::read(&bytes).map_err(|bad| failed(format!("{}: {bad}", args.bundle.display())))?;
    let mut findings = Findings::default();
    let manifest = bundle.manifest();
    findings.good("bundle", format!("whole, {}", show::size(bytes.len())));
    findings.good("author", format!("{}, {}", manifest.author, show::ago(manifest.made_ms)));
    if !manifest.notes.is_empty() {
        findings.good("notes", manifest.notes.trim_end().replace('\n', "\n              "));
    }
    signature(args, &bundle, &mut findings)?;
    base(args, manifest, &mut findings)?;
    module(&bundle, &mut findings)?;
    if args.ask {
        ask(args, &bytes, &mut findings)?;
    } else {
        findings.good("server", "not asked; --ask lets it check the base and replay recent matches".into());
    }
    print_out(&format!("{} for {}\n{}", manifest.name, manifest.scope(), findings.text))?;
    match findings.bad {
        0 => Ok(()),
        bad => Err(failed(format!("{} is not good: {bad} finding(s), marked with !", args.bundle.display()))),
    }
}

#[derive(Default)]
struct Findings {
    text: String,
    bad: usize,
}

impl Findings {
    fn good(&mut self, what: &str, found: String) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "  {what:<10}  {found}");
    }

    fn bad(&mut self, what: &str, found: impl std::fmt::Display) {
        let _ = writeln!(self.text, "! {what:<10}  {found}");
        self.bad += 1;
    }
}

fn signature(args: &VerifyArgs, bundle: &Bundle, findings: &mut Findings) -> Result<(), Failure> {
    let Some(folder) = &args.trust else {
        match bundle.signed_by() {
            None => findings.bad("signature", "none yet; see `jianzi patch sign`"),
            Some(_) if !bundle.signature_holds() => findings.bad("signature", "does not fit the manifest"),
            Some(key) => {
                let key = key.to_string();
                findings.good(
                    "signature",
                    format!("holds, by the key {}…; whose that is, --trust tells", &key[..12]),
                );
            }
        }
        return Ok(());
    };
    let store = TrustStore::read(folder).map_err(failed)?;
    match store.check(bundle, Clock::System.wall_ms()) {
        Ok(signer) => {
            findings.good("signature", format!("holds, by {}, who is trusted for this app", signer.name))
        }
        Err(why) => findings.bad("signature", why),
    }
    Ok(())
}

fn base(args: &VerifyArgs, manifest: &Manifest, findings: &mut Findings) -> Result<(), Failure> {
    let Some(base) = &manifest.base else {
        findings.good("base", "none: a release of its own".into());
        return Ok(());
    };
    let found = format!("{}, whose module is {:.12}", base.version, base.module);
    match args.base_module.as_deref().map(build::hash_of).transpose()? {
        Some(hash) if hash == base.module => {
            findings.good("base", format!("{found}: that of {}", given(args)))
        }
        Some(hash) => findings.bad("base", format!("{found}, and {} is {hash:.12}", given(args))),
        None => findings.good("base", format!("{found}; compare it with --base-module or --ask")),
    }
    Ok(())
}

fn given(args: &VerifyArgs) -> &str {
    args.base_module.as_deref().unwrap_or_default()
}

fn module(bundle: &Bundle, findings: &mut Findings) -> Result<(), Failure> {
    let manifest = bundle.manifest();
    let shape = match ModuleShape::of(bundle.module()) {
        Ok(shape) => shape,
        Err(bad) => {
            findings.bad("module", bad);
            return Ok(());
        }
    };
    let abi = shape.abi.unwrap_or(manifest.abi);
    let spoken = game_abi::OLDEST_VERSION..=game_abi::VERSION;
    if abi == manifest.abi && spoken.contains(&abi) {
        findings.good("ABI", abi.to_string());
    } else {
        let newest = spoken.end();
        findings
            .bad("ABI", format!("{abi}, the manifest says {}, this program speaks {newest}", manifest.abi));
    }
    let host = WasmHost::new(WasmConfig::new(1)).map_err(failed)?;
    match host.add(bundle.module()) {
        Ok(hash) => {
            let pages = host.facts(&hash).map_or(0, |facts| facts.memory_pages as usize);
            let memory = show::size(pages * 65_536);
            let size = show::size(bundle.module().len());
            findings.good(
                "module",
                format!("{hash:.12}, {size}, runs in the engine; {memory} of memory at the start"),
            );
        }
        Err(refused) => findings.bad("module", format!("the engine refuses it: {refused}")),
    }
    let (save, load) = (has(shape.save), has(shape.load));
    findings.good("save, load", format!("{save}, {load}: {}", show::live(shape.can_be_swapped())));
    Ok(())
}

const fn has(there: bool) -> &'static str {
    if there { "there" } else { "missing" }
}

fn ask(args: &VerifyArgs, bytes: &[u8], findings: &mut Findings) -> Result<(), Failure> {
    let admin = Admin::new(&args.server)?;
    match admin.post_bytes::<Verdict>("/verify", bytes) {
        Ok(verdict) => {
            let what = match (&verdict.follows, verdict.already) {
                (_, true) => "has it already".to_owned(),
                (Some(stable), _) => format!("would take it, to follow {stable}"),
                (None, _) => "would take it, as the first version of its game".to_owned(),
            };
            findings.good(
                "server",
                format!("{} {what}; there it is signed by {}", admin.address(), verdict.signer),
            );
            replay(verdict.replay.as_ref(), verdict.follows.is_some() && !verdict.already, findings);
        }
        Err(refused) => findings.bad("server", refused.message),
    }
    Ok(())
}

fn replay(verdict: Option<&ReplayVerdict>, wanted: bool, findings: &mut Findings) {
    match verdict {
        None if wanted => findings.bad("replay", "did not come to its end in time"),
        None => findings.good("replay", "none: there is no version to compare it with".into()),
        Some(ReplayVerdict { ended_badly: Some(why), .. }) => {
            findings.bad("replay", format!("ended badly: {why}"))
        }
        Some(ReplayVerdict { matches: 0, .. }) => findings.good("replay", "no recent match to replay".into()),
        Some(ReplayVerdict { matches, ticks, first_difference, .. }) => {
            let difference = match first_difference {
                Some(difference) => format!("the first difference: {difference}"),
                None => "no difference".to_owned(),
            };
            findings.good(
                "replay",
                format!("{matches} recent matches, {ticks} ticks, none ended badly; {difference}"),
            );
        }
    }
}
