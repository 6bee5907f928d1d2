use super::*;
use hongbao_shared::Site;
use std::collections::BTreeMap;

fn load(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.toml");
    let file = file.map(|text| {
        std::fs::write(&path, text).unwrap();
        path
    });
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let flags = Flags { file, ..Flags::default() };
    Config::load(&flags, &|name| variables.get(name).map(OsString::from))
}

fn sentence(file: Option<&str>, variables: &[(&str, &str)]) -> String {
    let sentence = load(file, variables).unwrap_err().to_string();
    assert!(!sentence.contains('\n'), "one line: {sentence}");
    sentence
}

#[test]
fn defaults_are_right() {
    assert_eq!(load(None, &[]).unwrap(), Config::default());
}

#[test]
fn sources_rise() {
    let file = "[limits]\nmax_shares = 5\nmax_total_fen = 7\n[storage]\ndata = 'file'\n";
    let config = load(Some(file), &[("HONGBAO_LIMITS_MAX_SHARES", "6")]).unwrap();
    assert_eq!((config.limits.max_shares, config.limits.max_total_fen), (6, fen(7)));
    assert_eq!(config.storage.data, PathBuf::from("file"));

    let flags = Flags {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        data: Some("flag".into()),
        file: None,
    };
    let config = Config::load(&flags, &|_| Some("0".into()).filter(|_| false)).unwrap();
    assert_eq!(config.server.listen.0.port(), 0);
    assert_eq!(config.storage.data, PathBuf::from("flag"));
}

#[test]
fn where_to_listen_may_be_a_name() {
    let file = "[server]\nlisten = 'localhost:8081'\n";
    for config in [load(Some(file), &[]), load(None, &[("HONGBAO_LISTEN", "localhost:8081")])] {
        let Listen(listen) = config.unwrap().server.listen;
        assert!(listen.ip().is_loopback() && listen.port() == 8081, "{listen}");
    }
    for wrong in ["localhost", "8081", "127.0.0.1:99999", "127.0.0.1:80:80"] {
        let error = load(None, &[("HONGBAO_LISTEN", wrong)]).unwrap_err().to_string();
        assert!(error.starts_with("HONGBAO_LISTEN must be an address"), "{error}");
    }
}

/// Every setting can be set by its variable to what it shows, and each shows its
/// default and meaning for README's table.
#[test]
fn every_setting_has_a_variable_and_a_meaning() {
    let settings = reference();
    let mut variables: Vec<_> = settings.iter().map(|s| s.variable.clone()).collect();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), settings.len(), "no variable twice");
    for setting in &settings {
        assert!(setting.variable.starts_with("HONGBAO_"), "{}", setting.variable);
        assert!(setting.meaning.len() > 10 && setting.meaning.ends_with('.'), "{}", setting.path);
        if setting.variable != "HONGBAO_MASTER_KEY" {
            let set = load(None, &[(&setting.variable, &setting.default)]);
            assert_eq!(set.unwrap(), Config::default(), "{}", setting.path);
        }
    }
}

/// The same names in the file: a section or field that the walk misses would be
/// settable in the file alone.
#[test]
fn every_setting_stands_in_the_file_under_its_path() {
    for setting in reference() {
        let (section, field) = setting.path.split_once('.').unwrap();
        let file = format!("[{section}]\n{field} = {{}}\n");
        let sentence = sentence(Some(&file), &[]);
        assert!(sentence.contains("line 2") && !sentence.contains("unknown field"), "{sentence}");
    }
}

#[test]
fn one_sentence_says_what_is_wrong() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("HONGBAO_LIMITS_MAX_SHARES", "many")],
            "HONGBAO_LIMITS_MAX_SHARES must be a whole number from 0 to 4294967295",
        ),
        (&[("HONGBAO_UNIT_DECIMALS", "-1")], "HONGBAO_UNIT_DECIMALS must be 0, 1 or 2"),
        (&[("HONGBAO_UNIT_DECIMALS", "3")], "0, 1 or 2"),
        (&[("HONGBAO_LISTEN", "8080")], "an address or name and port such as 127.0.0.1:8080"),
        (&[("HONGBAO_LIMITS_MAX_SHARE_FEN", "0")], "limits.max_share_fen must be at least 1"),
        (&[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "259200")], "a packet's day is only kept for"),
        (&[("HONGBAO_LIMITS_PASSWORD_CHARS_MIN", "200")], "above limits.password_chars_max"),
        (&[("HONGBAO_LANDING_GIVE_UP_AFTER_S", "171900")], "together are 259200 s, but a packet's"),
        (&[("HONGBAO_CALLS_LOST_AFTER_S", "0")], "calls.lost_after_s must be at least 1"),
        (&[("HONGBAO_CALLS_KEY_TTL_S", "60")], "calls.key_ttl_s must be above calls.lost_after_s"),
        (&[("HONGBAO_CALLS_KEYS_PER_CALLER_MAX", "0")], "calls.keys_per_caller_max must be"),
        (&[("HONGBAO_TREASURY_GRANT_MAX_FEN", "0")], "treasury.grant_max_fen must be at least 1"),
        (&[("HONGBAO_LANDING_GIVE_UP_AFTER_S", "59")], "landing.give_up_after_s must be at least"),
        (&[("HONGBAO_TIME_ZONE", "Mars/Olympus")], "there is no time zone \"Mars/Olympus\""),
        (&[("HONGBAO_SITES_SHARDS", "1025")], "sites.shards must be 1 to 1024"),
        (&[("HONGBAO_SITES_WEIGHTS", "S=60,N=60")], "add up to 100"),
        (&[("HONGBAO_CREDIT_MODE", "never")], "one of split, queue and deferred"),
        (&[("HONGBAO_MASTER_KEY", "secret")], "HONGBAO_MASTER_KEY must be 64 symbols of hex"),
        (&[("HONGBAO_TELEMETRY_FILTER", "a=b=c")], "telemetry.filter: "),
        (&[("HONGBAO_TELEMETRY_FILTER", "a[b]=debug")], "telemetry.filter: it takes targets"),
        (
            &[("HONGBAO_SERVER_TRUSTED_PROXIES", "::1,proxy")],
            "networks such as 10.244.0.0/16, separated",
        ),
        (&[("HONGBAO_SERVER_CORS_ORIGINS", "https://a.example,*")], "such as https://forum."),
    ];
    for (variables, expected) in cases {
        let sentence = sentence(None, variables);
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!sentence.contains("secret"), "{sentence}");
    }
    let unknown = sentence(Some("[limits]\n\nmax_share = 1\n"), &[]);
    assert!(unknown.contains("line 3: unknown field `max_share`, expected one of"), "{unknown}");
    let unknown = sentence(Some("[limits]\nmax_shares = 5\n\n[unit]\nsymbols = '$'\n"), &[]);
    assert!(unknown.contains("line 5: unknown field `symbols`, expected one of"), "{unknown}");
    let broken = sentence(Some("[limits\n"), &[]);
    assert!(broken.contains("hongbao.toml, line 1: "), "{broken}");
    let missing = Flags { file: Some("/nowhere/hongbao.toml".into()), ..Flags::default() };
    let missing = Config::load(&missing, &|_| None).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read /nowhere/hongbao.toml: "), "{missing}");
}

/// As browsers write them, so that comparing is enough.
#[test]
fn origins_are_as_browsers_write_them() {
    let load = |text| load(None, &[("HONGBAO_SERVER_CORS_ORIGINS", text)]);
    let three = load("https://forum.example.com, http://[::1]:8080,http://my_forum").unwrap();
    let three: Vec<_> = three.server.cors_origins.iter().map(Origin::as_str).collect();
    assert_eq!(three, ["https://forum.example.com", "http://[::1]:8080", "http://my_forum"]);
    for text in [
        "*",
        "null",
        "forum.example.com",
        "https://",
        "https://forum.example.com/",
        "https://Forum.example.com",
        "https://forum.example.com:443",
        "http://forum.example.com:80",
        "ftp://forum.example.com",
        "https://me@forum.example.com",
        "https://:8080",
        "https://a:b:8080",
        "http://[::1",
        "http://[0:0:0:0:0:0:0:1]",
        "https://a:99999",
        "https://a:08080",
    ] {
        assert!(load(text).is_err(), "{text}");
    }
}

#[test]
fn master_keys_can_be_a_variable() {
    let two = format!("{}, {}", "0f".repeat(32), "0E".repeat(32));
    let config = load(None, &[("HONGBAO_MASTER_KEY", &two)]).unwrap();
    assert!(!format!("{config:?}").contains("0f0f"));
    let keys = config.storage.master_key.keys();
    assert_eq!(keys, [MasterKey::from_bytes([15; 32]), MasterKey::from_bytes([14; 32])]);
    assert_ne!(keys[0].derive(b"seal"), keys[0].derive(b"ticket"));
}

const FLEET: &str = "
[storage]
master_key = '0000000000000000000000000000000000000000000000000000000000000000'
[fleet]
ledger = 'postgres://a@db0/hongbao'
people = 'postgres://a@db0/hongbao'
lists = 'postgres://a@db0/hongbao'
[fleet.sites.S]
cold = 'postgres://a@db1/hongbao'
cache = ['redis://cache1']
shards = [
    { shards = '0-7', database = 'postgres://a@db1/hongbao' },
    { shards = '8', database = '$SHARD_8' },
]
[fleet.sites.N]
cold = 'postgres://a@db3/hongbao'
cache = ['redis://cache2', 'redis://cache3']
shards = [{ shards = '0-3', database = 'postgres://a@db3/hongbao' }]
";

#[test]
fn a_fleet_is_a_section_of_the_file() {
    let variables = [("SHARD_8", "postgres://a:secret@db2/hongbao")];
    let fleet = load(Some(FLEET), &variables).unwrap().fleet.unwrap();
    let south = &fleet.sites[&Site::S];
    assert_eq!(south.shards[1].database.secret(), variables[0].1);
    assert_eq!(south.shards[0].shards.shards().count(), 8);
    assert_eq!(fleet.sites[&Site::N].cache.len(), 2);
    assert!(!format!("{fleet:?}").contains("secret"));
}

/// R-SITE: what is wrong with a topology is said in a sentence, before anything starts.
#[test]
fn a_wrong_fleet_is_refused_in_a_sentence() {
    let fleet = FLEET.replace("$SHARD_8", "postgres://a@db2/hongbao");
    load(Some(&fleet), &[]).unwrap();
    for (from, to, expected) in [
        ("'0-7'", "'0-6'", "fleet.sites.S: shard 7 lives nowhere, but shard 8 somewhere"),
        ("'0-7'", "'0-8'", "fleet.sites.S: shard 8 lives in two places"),
        ("'0-3'", "'3-0'", "is no range of shards"),
        ("'0-3'", "'0-1024'", "is no range of shards"),
        ("sites.N", "sites.X", "there is no site \"X\": sites are S and N"),
        ("sites.N", "sites.S", "duplicate key"),
        ("redis://cache1", "cache1", "fleet.sites.S.cache must be an address that begins"),
        ("ledger = 'postgres:", "ledger = 'mysql:", "fleet.ledger must be an address"),
        ("lists =", "list =", "unknown field `list`"),
        ("cache = ['redis://cache1']", "", "either every site has a cache, or none"),
        ("master_key", "data", "storage.master_key must be set"),
        ("[fleet]", "[fleet]\nconnections = 0", "fleet.connections must be at least 1"),
        ("[fleet]", "[sites]\nhome = 'N'\n[fleet]", ""),
    ] {
        let changed = fleet.replacen(from, to, 1);
        if expected.is_empty() {
            load(Some(&changed), &[]).unwrap();
        } else {
            let said = sentence(Some(&changed), &[]);
            assert!(said.contains(expected), "{from} → {to}: {said}");
        }
    }
    let said = sentence(Some(FLEET), &[]);
    assert!(said.contains("the variable SHARD_8 is not set"), "{said}");
    let alone = fleet.split("[fleet.sites.N]").next().unwrap();
    let said = sentence(Some(&format!("[sites]\nhome = 'N'\n{alone}")), &[]);
    assert!(said.contains("sites.home is N, but fleet.sites holds no site N"), "{said}");
}

/// What `deploy` gives real machines is what this program reads.
#[test]
fn the_deployed_fleet_is_right() {
    let file = include_str!("../../../deploy/compose/hongbao.toml");
    let key = "0".repeat(64);
    let config = load(Some(file), &[("HONGBAO_MASTER_KEY", &key)]).unwrap();
    assert_eq!(config.fleet.unwrap().sites.len(), 2);
}
