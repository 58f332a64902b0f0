use std::time::Duration;

use platform::Secret;

use super::*;

#[test]
fn the_printed_file_reads_as_the_defaults() {
    for profile in Profile::ALL {
        let text = print(profile);
        assert_eq!(read(&text).unwrap(), Config::defaults(profile), "{text}");
    }
}

/// Every option stands in the printed file with its own explanation, and its line behind a # is good too.
#[test]
fn the_printed_file_explains_every_option() {
    let text = print(Profile::Production);
    let config = Config::defaults(Profile::Production);
    let mut options = 0;
    for name in SECTIONS {
        assert!(text.contains(&format!("\n[{name}]\n")), "{name}");
        for option in config.section(name).unwrap().options() {
            options += 1;
            assert!(!option.help.is_empty(), "{name}.{}", option.key);
            let line = |line: &&str| line.trim_start_matches("# ").starts_with(&format!("{} = ", option.key));
            assert!(text.lines().any(|l| line(&l)), "{name}.{}", option.key);
        }
    }
    assert!(options > 60, "{options} options");
    assert!(text.contains("# [[apps]]") && text.contains("# [[builds]]"));
    assert!(text.contains("# Default in dev: \"text\"\n"), "what differs by profile is said");

    let uncommented: String = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.starts_with('[') || rest.contains(" = "))
                .unwrap_or(line)
        })
        .filter(|line| !line.starts_with("Default in"))
        .map(|line| format!("{line}\n"))
        .collect();
    let examples_need_files = read(&uncommented).unwrap_err();
    assert!(
        examples_need_files.0.iter().all(|problem| problem.message.contains("/run/secrets/name")),
        "{examples_need_files}"
    );
}

/// Each has a row that begins with its default, and says that of dev where it is another one, in both languages.
#[test]
fn the_operators_pages_know_the_options_of_crashes_patches_and_alerts() {
    for page in
        [include_str!("../../../../docs/operations.md"), include_str!("../../../../docs/en/operations.md")]
    {
        for (section, profile) in ["journal", "games", "crashes", "alerts"]
            .into_iter()
            .flat_map(|section| [Profile::Production, Profile::Dev].map(|profile| (section, profile)))
        {
            let (_, rows) = page.split_once(&format!("| **`[{section}]`**")).expect(section);
            let (rows, _) = rows.split_once("\n| **`[").unwrap_or((rows, ""));
            for option in Config::defaults(profile).section(section).unwrap().options() {
                let key = format!("`{}`", option.key);
                let row = rows.lines().find(|line| line.split(" | ").next().unwrap().contains(&key));
                let row = row.unwrap_or_else(|| panic!("[{section}] {key} has no row"));
                let cell = row.split(" | ").nth(1).expect("a default");
                let shown = option.shown.as_deref();
                assert!(says(cell, profile, shown), "[{section}] {key} is {shown:?} in {profile}: {row}");
            }
        }
    }
    assert!(!says("10", Profile::Production, Some("0")) && !says("`5m`", Profile::Production, None));
    assert!(
        !says("10 (dev 100)", Profile::Dev, Some("10")) && says("10 (dev 100)", Profile::Dev, Some("100"))
    );
}

fn says(cell: &str, profile: Profile, default: Option<&str>) -> bool {
    let (production, dev) = cell.split_once("dev ").unwrap_or((cell, cell));
    let cell = if profile.is_dev() { dev } else { production };
    let begins = |with: [&str; 2]| with.iter().any(|word| cell.starts_with(word));
    match default {
        None => begins(["无", "none"]),
        Some("\"\"") => begins(["空", "empty"]),
        Some(value) => {
            let word = cell.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
            word.filter(|word| !word.is_empty()).take(1).eq([value.trim_matches('"')])
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    let cases = [
        (
            "[gateway]\nhearbeat = \"5s\"\n",
            "test.toml:2: in [gateway]: unknown key \"hearbeat\"; did you mean \"heartbeat\"?",
        ),
        ("\n\n[gatway]\n", "test.toml:3: unknown section \"gatway\"; did you mean \"gateway\"?"),
        ("proflie = \"dev\"", "test.toml:1: unknown key \"proflie\"; did you mean \"profile\"?"),
        (
            "[[apps]]\nid = \"a\"\njwt_key = \"x\"",
            "test.toml:3: in [[apps]]: unknown key \"jwt_key\"; did you mean \"jwt_keys\"?",
        ),
        ("[tls]\nzzzzzz = 1", "test.toml:2: in [tls]: unknown key \"zzzzzz\"; known are cert, key"),
        ("[apps]\nid = \"a\"", "\"apps\" is written as [[apps]]"),
        ("log = 3", "\"log\" is written as [log]"),
        ("[log]\nlevel = 3", "test.toml:2: in [log], level: a text is wanted, not a number"),
        ("[gateway]\nheartbeat = 15", "a duration such as \"5s\""),
        ("[server]\nhttp = [\"nowhere\"]", "an address with port such as"),
        ("[limits]\nconnections = -1", "a whole number from 0 to 4294967295 is wanted"),
        ("[log]\nformat = \"xml\"", "\"text\" or \"json\" is wanted, not \"xml\""),
        ("[log\n", "test.toml:1: this is not TOML"),
        ("profile = \"prod\"", "the profile is \"dev\", \"staging\" or \"production\", not \"prod\""),
        ("[server]\nresume_key = \"file:/nowhere/at/all\"", "cannot be read from /nowhere/at/all"),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}\n{error}");
    }
    let both = read("[log]\na = 1\nb = 2\n").unwrap_err();
    assert_eq!(both.0.len(), 2, "everything is said at once");
}

#[test]
fn the_environment_goes_before_the_file() {
    let text = "[gateway]\nheartbeat = \"7s\"\n[[apps]]\nid = \"one\"\n[[apps]]\nid = \"two\"\n";
    let environment = variables(&[
        ("JIANZI_GATEWAY__HEARTBEAT", "9s"),
        ("JIANZI_LIMITS__CONNECTIONS", "100"),
        ("JIANZI_SERVER__HTTP", "127.0.0.1:1, [::1]:2"),
        ("JIANZI_SERVER__TCP", "[\"127.0.0.1:3\"]"),
        ("JIANZI_SERVER__PUBLIC_URL", "12"),
        ("JIANZI_APPS__1__JWT_KEYS", "abc,def"),
        ("JIANZI_PROFILE", "staging"),
        ("JIANZI_HOME", "not a setting"),
        ("PATH", "/bin"),
    ]);
    let file = Some(ConfigFile { name: "test.toml", text });
    let config = Config::read(None, Profile::Production, file, &environment).unwrap();
    assert_eq!(config.profile, Profile::Staging);
    assert_eq!(config.gateway.heartbeat, Duration::from_secs(9));
    assert_eq!(config.limits.connections, 100);
    assert_eq!(config.server.http, ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]);
    assert_eq!(config.server.tcp, ["127.0.0.1:3".parse().unwrap()]);
    assert_eq!(config.server.public_url, "12");
    assert_eq!(config.apps[1].jwt_keys, [Secret::new("abc"), Secret::new("def")]);
    assert!(config.apps[0].jwt_keys.is_empty());

    for (name, value, expected) in [
        (
            "JIANZI_GATEWAY__HEARBEAT",
            "5s",
            "JIANZI_GATEWAY__HEARBEAT: unknown key \"hearbeat\"; did you mean \"heartbeat\"?",
        ),
        ("JIANZI_GATWAY__HEARTBEAT", "5s", "did you mean \"gateway\"?"),
        ("JIANZI_GATEWAY__HEARTBEAT", "soon", "a duration such as"),
        ("JIANZI_APPS__7__ID", "x", "there are not so many apps"),
        ("JIANZI_APPS__ID", "x", "JIANZI_APPS__0__KEY"),
        ("JIANZI_PROFILE", "x", "JIANZI_PROFILE: the profile is"),
    ] {
        let error =
            Config::read(None, Profile::Dev, file, &variables(&[(name, value)])).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}\n{error}");
    }
}

#[test]
fn production_refuses_what_is_not_safe() {
    let good = production();
    check(&good).unwrap();
    check(&Config::defaults(Profile::Dev)).unwrap();

    let refuse = |change: &dyn Fn(&mut Config), expected: &str| {
        let mut config = good.clone();
        change(&mut config);
        let error = check(&config).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}\n{error}");
        assert!(!error.contains("q8Zr"), "an error does not show a secret: {error}");
    };
    refuse(&|c| c.server.resume_key = None, "[server] resume_key: a secret is missing");
    refuse(
        &|c| c.server.resume_key = Some(Secret::new("q8ZrPk")),
        "the secret has 6 characters; at least 32",
    );
    refuse(&|c| c.server.resume_key = Some(Secret::new("a".repeat(40))), "placeholder");
    refuse(&|c| c.apps[0].jwt_keys = vec![Secret::new("ChangeMe-ChangeMe-ChangeMe-ChangeMe")], "placeholder");
    refuse(&|c| c.apps[0].jwt_keys.clear(), "[[apps]] demo jwt_keys: a secret is missing");
    refuse(
        &|c| c.apps[0].jwt_keys = vec![c.server.resume_key.clone().unwrap()],
        "the same secret is used in two places",
    );
    refuse(&|c| c.server.admin_token = Some(Secret::new("short")), "[server] admin_token: the secret has 5");
    refuse(&|c| c.apps[0].platform = None, "platform is missing");
    refuse(&|c| c.cors.origins = vec!["*".to_owned()], "[cors] origins");
}

#[test]
fn what_makes_no_sense_is_refused_in_every_profile() {
    let refuse = |text: &str, expected: &str| {
        let error = check(&read(&format!("profile = \"dev\"\n{text}")).unwrap()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}\n{error}");
    };
    refuse("[server]\nhttp = []", "[server] http: at least one address is needed");
    refuse("[tls]\ncert = \"a.pem\"", "cert and key belong together");
    refuse("[log]\nlevel = \"gateway=loud\"", "[log] level");
    refuse("[gateway]\nmax_body = \"1GiB\"", "[gateway] max_body: has to be from 256 bytes to 16MiB");
    refuse("[gateway]\nheartbeat = \"1ms\"", "[gateway] heartbeat: has to be at least 100ms");
    refuse("[rooms]\nturn = \"1s\"", "[rooms] turn");
    refuse("[[apps]]\nid = \"a\"\n[[apps]]\nid = \"a\"", "this id is given twice");
    refuse("[[apps]]\nname = \"x\"", "app number 1 has no id");
    refuse("[[builds]]\npattern = \"<x\"\ndecision = \"must_update\"", "[[builds]]: rule 1");
    let none = read("profile = \"production\"").unwrap();
    assert!(check(&none).unwrap_err().to_string().contains("no app is configured"));
}

#[test]
fn the_parts_take_what_is_configured() {
    let mut config = Config::defaults(Profile::Dev);
    config.gateway.heartbeat = Duration::from_secs(3);
    config.limits.per_account = 2;
    config.rooms.max_rooms = 7;
    config.matchmaking.per_player = 9;
    assert_eq!(config.gateway().heartbeat, Duration::from_secs(3));
    assert_eq!(config.gateway().connections.per_account, 2);
    assert!(config.gateway().reactors >= 1);
    assert_eq!(config.rooms().max_rooms, 7);
    assert_eq!((config.rooms().per_founder, config.rooms().log_bytes), (16, 32 << 20));
    assert!(config.rooms().shards >= 1);
    assert_eq!(config.matchmaking().per_player, 9);
    assert!(config.accounts().dev);
    assert!(config.tls_files().is_none());
}

fn read(text: &str) -> Result<Config, BadConfig> {
    Config::read(None, Profile::Production, Some(ConfigFile { name: "test.toml", text }), &[])
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn production() -> Config {
    let text = "[server]\n\
        resume_key = \"q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a\"\n\
        [[apps]]\n\
        id = \"demo\"\n\
        jwt_keys = [\"q8Zr0vXw7TnB4mLd9JhF3sGc6YtR5aPk\"]\n\
        platform = \"simulator\"\n";
    read(text).unwrap()
}
