//! One definition of an option, from which its field, default, reading, printing and documentation follow.

use super::value::Given;

/// A group of options.
pub trait Section {
    /// Lines of documentation.
    fn about(&self) -> &'static [&'static str];

    fn keys(&self) -> &'static [&'static str];

    /// Sets an option; the error says what it wants instead.
    fn set(&mut self, key: &str, given: &Given) -> Result<(), String>;

    /// All options as they stand, in the order of their definition.
    fn options(&self) -> Vec<Described>;
}

/// An option for people to read.
pub struct Described {
    pub key: &'static str,
    pub help: &'static [&'static str],
    /// As TOML; `None` if it has no value.
    pub shown: Option<String>,
    /// A value to imitate, as TOML.
    pub example: &'static str,
}

/// Defines a section. The name in parentheses is that of the [`Profile`](super::Profile) within the defaults.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub struct $section:ident($profile:ident) {
            $( $(#[doc = $help:literal])+ pub $key:ident: $kind:ty = $default:expr, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $section {
            $( $(#[doc = $help])+ pub $key: $kind, )+
        }

        impl $section {
            pub fn defaults($profile: $crate::config::Profile) -> $section {
                // Not every section asks for the profile.
                let _ = $profile;
                $section { $( $key: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $section {
            fn about(&self) -> &'static [&'static str] {
                &[$($about),+]
            }

            fn keys(&self) -> &'static [&'static str] {
                &[$(stringify!($key)),+]
            }

            fn set(&mut self, key: &str, given: &$crate::config::value::Given) -> Result<(), String> {
                match key {
                    $( stringify!($key) => {
                        self.$key = $crate::config::value::Value::read(given)?;
                    } )+
                    _ => return Err("there is no such option".to_owned()),
                }
                Ok(())
            }

            fn options(&self) -> Vec<$crate::config::section::Described> {
                vec![ $( $crate::config::section::Described {
                    key: stringify!($key),
                    help: &[$($help),+],
                    shown: $crate::config::value::Value::show(&self.$key),
                    example: <$kind as $crate::config::value::Value>::EXAMPLE,
                }, )+ ]
            }
        }
    };
}

pub(crate) use section;
