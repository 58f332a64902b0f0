//! `jianzi patch build`.

use std::path::{Path, PathBuf};

use clock::Clock;
use releases::{Base, Bundle, Draft, ModuleShape, PatchName, PrivateKey, module_hash};
use room_core::modules::ModuleHash;

use super::{BuildArgs, failed, read, show, sign, user, write};
use crate::commands::config::print_out;
use crate::failure::Failure;

pub(super) fn run(args: &BuildArgs) -> Result<(), Failure> {
    let module = read(&args.module)?;
    let shape =
        ModuleShape::of(&module).map_err(|bad| failed(format!("{}: {bad}", args.module.display())))?;
    let (name, base) = name_and_base(args)?;
    // Checked before anything is written: a name may be made of parts that are none.
    let name: PatchName = name.parse().map_err(failed)?;
    let draft = Draft {
        name,
        app: args.app.clone(),
        game: args.game.clone(),
        base,
        abi: shape.abi.unwrap_or(game_abi::VERSION),
        author: args.author.clone().unwrap_or_else(user),
        made_ms: Clock::System.wall_ms(),
        notes: args.notes.clone(),
    };
    let mut bundle = Bundle::build(draft, module).map_err(failed)?;
    let key: Option<PrivateKey> = args.key.as_deref().map(sign::read_key).transpose()?;
    if let Some(key) = &key {
        bundle.sign(key);
    }
    let out =
        args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.jzpatch", bundle.manifest().name)));
    let bytes = bundle.write();
    write(&out, &bytes)?;
    let next = match key {
        Some(key) => format!("signed by {}; next: jianzi patch publish {}", key.name(), out.display()),
        None => format!("not signed yet; next: jianzi patch sign {} --key FILE", out.display()),
    };
    print_out(&format!(
        "{}: {} for {}, {}\n{}\n{next}\n",
        out.display(),
        bundle.manifest().name,
        bundle.manifest().scope(),
        show::size(bytes.len()),
        show::live(shape.can_be_swapped()),
    ))
}

fn name_and_base(args: &BuildArgs) -> Result<(String, Option<Base>), Failure> {
    if let Some(release) = &args.release {
        return Ok((format!("release-{release}"), None));
    }
    // The command line's own rules see to it that they come together.
    let (Some(version), Some(number), Some(module)) = (&args.base, args.number, &args.base_module) else {
        return Err(failed("name --release, or --base with --base-module and --number"));
    };
    let base = Base { version: version.clone(), module: hash_of(module)? };
    Ok((format!("hotfix-{version}-v{number}"), Some(base)))
}

/// The hash of a module's file, or the hash itself.
pub(super) fn hash_of(file_or_hash: &str) -> Result<ModuleHash, Failure> {
    match file_or_hash.parse() {
        Ok(hash) => Ok(hash),
        Err(_) => Ok(module_hash(&read(Path::new(file_or_hash))?)),
    }
}
