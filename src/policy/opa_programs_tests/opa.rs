//! A running OPA that is asked over a socket: one process for all programs, and an error of one
//! question is an error of that question only.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

pub struct Opa {
    child: Child,
    socket: PathBuf,
    dir: PathBuf,
}

impl Opa {
    pub fn start() -> Self {
        let program = std::env::var_os("LAZARET_OPA").expect("LAZARET_OPA is not set");
        let dir = std::env::temp_dir().join(format!("lazaret-opa-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let socket = dir.join("socket");
        let mut command = Command::new(program);
        command.args(["run", "--server", "--disable-telemetry", "--log-level", "error", "--addr"]);
        command.arg(format!("unix://{}", socket.display())).stdin(Stdio::null());
        command.current_dir(&dir).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let opa = Self { child, socket, dir };
        for _ in 0..300 {
            if UnixStream::connect(&opa.socket).is_ok() {
                return opa;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("OPA does not listen");
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Why a program is refused.
    pub fn load(&self, name: &str, text: &str) -> Result<(), Vec<String>> {
        let (status, answer) = self.ask("PUT", &format!("/v1/policies/{name}"), text);
        if status == 200 {
            return Ok(());
        }
        let text = |error: &Value| format!("{}: {}", error["code"], error["message"]);
        Err(answer["errors"].as_array().into_iter().flatten().map(text).collect())
    }

    pub fn data(&self, path: &str, data: &Value) {
        let (status, answer) = self.ask("PUT", &format!("/v1/data/{path}"), &data.to_string());
        assert!(status < 300, "{answer}");
    }

    /// A rule's value, or that there is none, or an error.
    pub fn value(&self, rule: &str, input: &Value) -> Result<Option<Value>, String> {
        let path = format!("/v1/data/{}", rule.replace('.', "/"));
        let (status, answer) = self.ask("POST", &path, &json!({ "input": input }).to_string());
        match status {
            200 => Ok(answer.get("result").cloned()),
            _ => Err(answer.to_string()),
        }
    }
}

impl Drop for Opa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
