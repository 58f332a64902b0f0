//! `sdk/typescript/src/generated/errors.ts`.

use super::ErrorList;

const HEADER: &str = "\
// Generated from proto/errors.toml by `cargo xtask codegen`; do not edit.

/** What a client does about an error: nothing helps, try at once, try later, log in again. */
export type Retry = \"never\" | \"now\" | \"later\" | \"login\";

/** Code → name, retry, English, Chinese. */
export const ERRORS: { readonly [code: number]: readonly [name: string, retry: Retry, en: string, zh: string] } = {
";

pub fn generate(list: &ErrorList) -> String {
    let mut text = HEADER.to_owned();
    for error in &list.errors {
        text += &format!(
            "  {}: [{:?}, {:?}, {:?}, {:?}],\n",
            error.code,
            error.name,
            error.retry.word(),
            error.en,
            error.zh
        );
    }
    text += "};\n\nexport type ErrorName =\n";
    for error in &list.errors {
        text += &format!("  | {:?}\n", error.name);
    }
    text.pop();
    text + ";\n"
}
