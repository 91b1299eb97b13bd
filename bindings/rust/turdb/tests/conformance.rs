//! The suite of all bindings (tests/conformance): every case prints, byte for byte, what the C runner prints.
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use turdb::{
    Array, Connection, Database, Date, Decimal, Error, Interval, Json, Packer, Time, Timestamp, TimestampTz, ToSql, Uuid, ValueRef,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance")
}

// ---- values

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 32 || c as u32 == 127 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// That of zlib.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

fn sized(bytes: &[u8], shown: &str) -> String {
    if bytes.len() > 256 {
        return format!("*{}:{:08x}", bytes.len(), crc32(bytes));
    }
    format!(":{shown}")
}

fn kind_name(kind: i32) -> &'static str {
    const NAMES: [&str; 28] = [
        "null",
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "int128",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "",
        "float",
        "double",
        "decimal",
        "text",
        "blob",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "any",
        "enum",
        "json",
        "jsonb",
        "array",
    ];
    NAMES.get(kind as usize).copied().unwrap_or("text")
}

fn show(kind: &str, value: &ValueRef<'_>) -> String {
    let loose = kind == "any";
    let named = |own: &str| if loose { own.to_string() } else { kind.to_string() };
    match value {
        ValueRef::Null => "null".into(),
        ValueRef::Bool(value) => format!("{}:{value}", named("bool")),
        ValueRef::Int(value) => format!("{}:{value}", named("int")),
        ValueRef::UInt(value) => format!("{}:{value}", named("int")),
        ValueRef::Int128(value) => format!("{}:{value}", named("int")),
        ValueRef::Float(value) if loose => format!("double:{:016x}", f64::from(*value).to_bits()),
        ValueRef::Float(value) => format!("float:{:08x}", value.to_bits()),
        ValueRef::Double(value) => format!("{}:{:016x}", named("double"), value.to_bits()),
        ValueRef::Decimal(text) => named("decimal") + &sized(text.as_bytes(), text),
        ValueRef::Text(text) | ValueRef::Enum(text) => named("text") + &sized(text.as_bytes(), &escape(text)),
        ValueRef::Json(text) => named("json") + &sized(text.as_bytes(), &escape(text)),
        ValueRef::Blob(bytes) => named("blob") + &sized(bytes, &hex(bytes)),
        ValueRef::Date(value) => format!("{}:{}", named("date"), value.0),
        ValueRef::Time(value) => format!("{}:{}", named("time"), value.0),
        ValueRef::Timestamp(value) => format!("{}:{}", named("timestamp"), value.0),
        ValueRef::TimestampTz(value) => format!("{}:{}", named("timestamptz"), value.0),
        ValueRef::Interval(value) => {
            const DAY: i64 = 86_400_000_000;
            let days = i64::from(value.days) + value.micros.div_euclid(DAY);
            format!("{}:{} {} {}", named("interval"), value.months, days, value.micros.rem_euclid(DAY))
        }
        ValueRef::Uuid(value) => format!("{}:{value}", named("uuid")),
        ValueRef::Array(elements) => {
            let parts: Vec<String> = elements.iter().map(|element| show("any", &element)).collect();
            let text = format!("[{}]", parts.join(","));
            if loose {
                text
            } else {
                format!("{kind}:{text}")
            }
        }
        other => format!("unknown:{other:?}"),
    }
}

/// A parameter of a case.
enum Tagged {
    Null,
    One(Box<dyn ToSql>),
    Many(Vec<Tagged>),
}

impl ToSql for Tagged {
    fn to_sql(&self, out: &mut Packer) -> turdb::Result<()> {
        match self {
            Self::Null => None::<i64>.to_sql(out),
            Self::One(value) => value.to_sql(out),
            Self::Many(values) => Array(values).to_sql(out),
        }
    }
}

fn parse(tagged: &str) -> Tagged {
    if tagged == "null" {
        return Tagged::Null;
    }
    let (tag, text) = tagged.split_once(':').expect("a tag");
    let (tag, count) = tag.split_once('*').map_or((tag, 1), |(tag, count)| (tag, count.parse().unwrap()));
    let text = text.repeat(count);
    let number = || text.parse::<i64>().unwrap();
    let unhex =
        |text: &str| -> Vec<u8> { (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect() };
    Tagged::One(match tag {
        "bool" => Box::new(text == "true"),
        "int64" => Box::new(number()),
        "int128" => Box::new(text.parse::<i128>().unwrap()),
        "double" => Box::new(f64::from_bits(u64::from_str_radix(&text, 16).unwrap())),
        "decimal" => Box::new(Decimal(text)),
        "text" => Box::new(text),
        "json" => Box::new(Json(text)),
        "blob" => Box::new(unhex(&text)),
        "date" => Box::new(Date(number() as i32)),
        "time" => Box::new(Time(number())),
        "timestamp" => Box::new(Timestamp(number())),
        "timestamptz" => Box::new(TimestampTz(number())),
        "interval" => {
            let parts: Vec<i64> = text.split(' ').map(|part| part.parse().unwrap()).collect();
            Box::new(Interval { months: parts[0] as i32, days: parts[1] as i32, micros: parts[2] })
        }
        "uuid" => Box::new(Uuid(unhex(&text.replace('-', "")).try_into().unwrap())),
        "array" => return Tagged::Many(text[1..text.len() - 1].split(',').map(parse).collect()),
        tag => panic!("a parameter of type {tag}"),
    })
}

// ---- steps

fn show_error(error: &Error, sql: &str) -> Vec<String> {
    let error = error.database().unwrap_or_else(|| panic!("{sql}: {error}"));
    let position = error.position.map_or("-".into(), |at| sql[..at.min(sql.len())].chars().count().to_string());
    vec![format!("error\t{}\t{}\t{}\t{}", error.code_name, error.sqlstate, position, if error.can_retry { "retry" } else { "-" })]
}

fn try_run(conn: &Connection, sql: &str, step: &Value) -> turdb::Result<Vec<String>> {
    let mut statement = conn.prepare(sql)?;
    let with: Vec<Tagged> = step["with"].as_array().into_iter().flatten().map(|value| parse(value.as_str().unwrap())).collect();
    let named: Vec<(&str, Tagged)> = step["named"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), parse(value.as_str().unwrap())))
        .collect();
    let with: Vec<&dyn ToSql> = with.iter().map(|value| value as &dyn ToSql).collect();
    let named: Vec<(&str, &dyn ToSql)> = named.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect();
    let mut rows = if named.is_empty() { statement.query(&with[..])? } else { statement.query(&named[..])? };
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let values: turdb::Result<Vec<String>> =
            row.columns().iter().enumerate().map(|(i, column)| Ok(show(kind_name(column.kind), &row.get_ref(i)?))).collect();
        lines.push(format!("row\t{}", values?.join("\t")));
    }
    let mut done = "done".to_string();
    if !rows.columns().is_empty() {
        done += &format!("\trows={}", lines.len());
        let columns: String =
            rows.columns().iter().map(|column| format!("\t{}:{}", escape(&column.name), kind_name(column.kind))).collect();
        lines.insert(0, format!("columns{columns}"));
    }
    drop(rows);
    if ["insert", "update", "delete", "merge", "copy", "replace"].iter().any(|word| sql.starts_with(word)) {
        done += &format!("\tchanges={}", conn.changes());
    }
    lines.push(done);
    Ok(lines)
}

fn run(conn: &Connection, sql: &str, step: &Value) -> Vec<String> {
    try_run(conn, sql, step).unwrap_or_else(|error| show_error(&error, sql))
}

#[derive(Default)]
struct Session {
    conn: Option<Connection>,
    interrupt: Option<turdb::InterruptHandle>,
    running: Option<thread::JoinHandle<(Connection, Vec<String>)>>,
    done: Option<mpsc::Receiver<()>>,
}

impl Session {
    fn conn(&self) -> &Connection {
        self.conn.as_ref().expect("a connection that runs nothing")
    }

    fn start(&mut self, sql: &str, step: &Value) {
        let conn = self.conn.take().expect("a connection that runs nothing");
        let (sql, step) = (sql.to_string(), step.clone());
        let (tell, done) = mpsc::channel::<()>();
        self.done = Some(done);
        self.running = Some(thread::spawn(move || {
            let output = run(&conn, &sql, &step);
            drop(tell);
            (conn, output)
        }));
    }

    fn is_running(&self, wait: Duration) -> bool {
        matches!(self.done.as_ref().expect("something was started").recv_timeout(wait), Err(mpsc::RecvTimeoutError::Timeout))
    }
}

fn step(sessions: &mut HashMap<String, Session>, step: &Value) -> Vec<String> {
    let on = step["on"].as_str().unwrap();
    if let Some(sql) = step["arrow"].as_str() {
        let stream = sessions[on].conn().prepare(sql).and_then(|mut statement| statement.query_arrow(()));
        let to = sessions[step["to"].as_str().unwrap()].conn();
        return match stream.and_then(|stream| to.register_stream(step["as"].as_str().unwrap(), stream)) {
            Ok(()) => vec!["registered".into()],
            Err(error) => show_error(&error, sql),
        };
    }
    let session = sessions.get_mut(on).unwrap();
    if let Some(sql) = step["do"].as_str() {
        return run(session.conn(), sql, step);
    }
    if let Some(sql) = step["many"].as_str() {
        let rows = step["rows"].as_array().unwrap().iter();
        let rows = rows.map(|row| row.as_array().unwrap().iter().map(|value| parse(value.as_str().unwrap())).collect::<Vec<_>>());
        return match session.conn().execute_many(sql, rows) {
            Ok(changes) => vec![format!("done\tchanges={changes}")],
            Err(error) => show_error(&error, sql),
        };
    }
    if let Some(sql) = step["start"].as_str() {
        session.start(sql, step);
        return vec!["started".into()];
    }
    if let Some(millis) = step["blocked"].as_u64() {
        return vec![if session.is_running(Duration::from_millis(millis)) { "blocked" } else { "it is done" }.into()];
    }
    if !step["cancel"].is_null() {
        while session.is_running(Duration::from_millis(10)) {
            session.interrupt.as_ref().unwrap().interrupt();
        }
        return vec!["cancelled".into()];
    }
    if !step["await"].is_null() {
        let (conn, output) = session.running.take().unwrap().join().unwrap();
        session.conn = Some(conn);
        return output;
    }
    if !step["close"].is_null() {
        return match session.conn().shutdown() {
            Ok(()) => vec!["closed".into()],
            Err(error) => show_error(&error, ""),
        };
    }
    panic!("a step that does nothing");
}

fn run_case(path: &Path) -> Vec<String> {
    let case: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let directory = std::env::temp_dir().join(format!("turdb-conformance-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("database");
    let name = if case["file"].as_bool().unwrap_or(false) { file.as_path() } else { Path::new(":memory:") };
    let options: Vec<(&str, &str)> =
        case["options"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    let database = Database::open_with(name, &options).unwrap();
    let mut sessions = HashMap::new();
    let mut output = Vec::new();
    for (number, this) in case["steps"].as_array().unwrap().iter().enumerate() {
        for on in [&this["on"], &this["to"]].into_iter().filter_map(Value::as_str) {
            sessions.entry(on.to_string()).or_insert_with(|| {
                let conn = database.connect().unwrap();
                Session { interrupt: Some(conn.interrupt_handle().unwrap()), conn: Some(conn), ..Session::default() }
            });
        }
        for line in step(&mut sessions, this) {
            output.push(format!("{}\t{}\t{line}", number + 1, this["on"].as_str().unwrap()));
        }
    }
    drop(sessions);
    drop(database);
    fs::remove_dir_all(&directory).unwrap();
    output
}

/// The steps of a case that Rust cannot do, each with a reason.
fn skipped(name: &str) -> HashSet<String> {
    let text = fs::read_to_string(folder().join("skips/rust.txt")).unwrap();
    let entries = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries
        .filter_map(|line| {
            let mut parts = line.splitn(3, ' ');
            let (case, step) = (parts.next().unwrap(), parts.next().unwrap());
            assert!(parts.next().is_some(), "every skip has a reason");
            (case == name).then(|| step.to_string())
        })
        .collect()
}

#[test]
fn cases() {
    let mut failed = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in &paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(folder().join("expected").join(format!("{name}.txt"))).unwrap();
        let expected: Vec<&str> = text.lines().collect();
        let got = run_case(path);
        let skips = skipped(name);
        let step_of = |line: &str| line.split('\t').next().unwrap().to_string();
        let kept = |lines: &[&str]| -> Vec<String> {
            lines.iter().filter(|line| !skips.contains(&step_of(line))).map(|line| line.to_string()).collect()
        };
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        let (mine, theirs) = (kept(&got), kept(&expected));
        if mine != theirs {
            let at = (0..).find(|&i| mine.get(i) != theirs.get(i)).unwrap();
            failed.push(format!("{name}: {:?} instead of {:?}", mine.get(at), theirs.get(at)));
        }
        for step in &skips {
            let of = |lines: &[&str]| -> Vec<String> {
                lines.iter().filter(|line| step_of(line) == *step).map(|line| line.to_string()).collect()
            };
            if of(&got) == of(&expected) {
                failed.push(format!("{name}: step {step} passes: it is skipped no more"));
            }
        }
    }
    assert!(!paths.is_empty() && failed.is_empty(), "{}", failed.join("\n"));
}
