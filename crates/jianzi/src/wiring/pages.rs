//! The pages that the binary carries. Built from `games/` by `npm run build`; the tests compare.

use rest::StaticFiles;

const DEMO_GAME: &[(&str, &str, &[u8])] = &[
    ("index.html", "text/html; charset=utf-8", include_bytes!("../../../../games/jianzi/dist/index.html")),
    ("play.css", "text/css; charset=utf-8", include_bytes!("../../../../games/jianzi/dist/play.css")),
    ("play.js", "text/javascript; charset=utf-8", include_bytes!("../../../../games/jianzi/dist/play.js")),
];

/// The demo game at `/play`, where it is wanted.
pub fn demo_game(wanted: bool) -> StaticFiles {
    if wanted { StaticFiles::new(DEMO_GAME) } else { StaticFiles::default() }
}
