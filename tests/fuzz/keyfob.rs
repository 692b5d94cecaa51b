//! What is fuzzed of keyfob, as a crate of the same name: its own files, without the network, the key stores and the rest
//! of what they would take minutes to build with.

#[path = "../../src"]
mod parts {
    #![allow(dead_code, unused_imports, unused_macros, reason = "each module is here for a part of it")]

    pub mod chain;
    pub mod credentials;
    pub mod duration;
    pub mod error;
    pub mod format {
        pub mod process;
    }
    pub mod hex;
    pub mod hint;
    pub mod ini;
    pub mod mask;
    pub mod process_line;
    pub mod profile;
    pub mod secret;
    pub mod session_cache {
        pub mod fresh;
        pub mod name;
        pub mod seal;
        pub mod sealing_key;
    }
    pub mod shlex;
    pub mod sorted;
    pub mod sys {
        pub mod clock_mark;
        pub mod env;
        pub mod program;
    }
    pub mod timestamp;
    pub mod totp;
}
pub use parts::*;
