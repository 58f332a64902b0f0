//! `docs/errors/`: a page for each error, Chinese first.

use super::ErrorList;
use super::error_list::{ErrorEntry, Retry};

/// `(path, text)` of each page and of the index.
pub fn generate(list: &ErrorList) -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> =
        list.errors.iter().map(|error| (format!("docs/errors/{}", file_name(error)), page(error))).collect();
    pages.push(("docs/errors/README.md".to_owned(), index(list)));
    pages
}

fn file_name(error: &ErrorEntry) -> String {
    format!("{}-{}.md", error.code, error.name)
}

fn page(error: &ErrorEntry) -> String {
    let ErrorEntry { code, name, http, zh, en, .. } = error;
    let close = error.close_code();
    let closes_zh = if error.closes { format!("是,WebSocket 关闭码 {close}") } else { "否".to_owned() };
    let closes_en = if error.closes { format!("yes, WebSocket close code {close}") } else { "no".to_owned() };
    let (retry_zh, retry_en) = retry_sentences(error.retry);
    let mut text = format!(
        "<!-- {GENERATED} -->\n# {code} `{name}`\n\n{zh}\n\n\
         | HTTP 状态 | 断开连接 | 重试 |\n|---|---|---|\n| {http} | {closes_zh} | `{}`:{retry_zh} |\n",
        error.retry.word()
    );
    section(&mut text, "什么时候出现", &error.cause_zh);
    section(&mut text, "怎么办", &error.action_zh);
    text += &format!(
        "\n---\n\n{en}\n\n\
         | HTTP status | closes the connection | retry |\n|---|---|---|\n| {http} | {closes_en} | `{}`: {retry_en} |\n",
        error.retry.word()
    );
    section(&mut text, "When it happens", &error.cause_en);
    section(&mut text, "What to do", &error.action_en);
    text
}

fn section(text: &mut String, heading: &str, body: &str) {
    *text += &format!("\n## {heading}\n\n{body}\n");
}

fn index(list: &ErrorList) -> String {
    let mut text = format!(
        "<!-- {GENERATED} -->\n# 错误码 · Error codes\n\n\
         `1xxx` 报文 the wire · `2xxx` 登录与会话 login and session · `3xxx` 房间与匹配 rooms and matches · \
         `4xxx` 调用与限制 calls and limits · `5xxx` 服务器 the server\n\n\
         重试 retry:`never` 不要重试 · `now` 立即重试 · `later` 稍后重试 · `login` 重新登录后重试。\n\n\
         | code | name | 重试 retry | HTTP | 关闭码 close | 说明 | meaning |\n|---|---|---|---|---|---|---|\n"
    );
    for error in &list.errors {
        let close = if error.closes { error.close_code().to_string() } else { "–".to_owned() };
        text += &format!(
            "| [{}]({}) | `{}` | {} | {} | {close} | {} | {} |\n",
            error.code,
            file_name(error),
            error.name,
            error.retry.word(),
            error.http,
            error.zh,
            error.en
        );
    }
    text
}

const GENERATED: &str = "由 cargo xtask codegen 从 proto/errors.toml 生成,请勿手改 · generated, do not edit";

fn retry_sentences(retry: Retry) -> (&'static str, &'static str) {
    match retry {
        Retry::Never => {
            ("不要重试,同样的请求会得到同样的结果", "do not; the same request gets the same answer")
        }
        Retry::Now => ("可以立即重试", "at once"),
        Retry::Later => (
            "等 `retry_after_ms` 后再试;没有给出时逐次加长间隔",
            "after `retry_after_ms`; if absent, with growing delays",
        ),
        Retry::Login => ("重新登录后再试", "after a new login"),
    }
}
