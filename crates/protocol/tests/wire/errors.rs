//! The error list.

use std::collections::BTreeSet;
use std::fs;

use protocol::ErrorCode;

use crate::repository;

#[test]
fn numbers_names_and_close_codes_are_unique_and_lead_back() {
    let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    let close_codes: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.close_code()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    assert_eq!(close_codes.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_number(code.number()), Some(code));
        assert!((4000..5000).contains(&code.close_code()), "applications may use 4000 to 4999");
    }
    assert_eq!(ErrorCode::from_number(0), None);
    assert_eq!(ErrorCode::BadMagic.close_code(), 4101);
    assert_eq!(ErrorCode::Replaced.close_code(), 4205);
}

#[test]
fn every_error_has_a_page_in_both_languages() {
    for code in ErrorCode::ALL {
        let path = repository(&format!("docs/errors/{}-{}.md", code.number(), code.name()));
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for part in [
            code.chinese(),
            code.english(),
            "## 什么时候出现",
            "## 怎么办",
            "## When it happens",
            "## What to do",
        ] {
            assert!(page.contains(part), "{} does not say: {part}", path.display());
        }
    }
}
