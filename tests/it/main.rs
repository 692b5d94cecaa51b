//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod ad_hoc;
mod add;
mod advice;
mod again;
mod agent;
#[path = "../attack/mod.rs"]
mod attack;
mod audit;
mod aws_login;
mod aws_vault;
mod bases;
mod claims;
mod codes;
mod commands;
mod completions;
mod console;
mod crowds;
mod doctor;
mod edits;
mod exec;
mod first_minutes;
mod foreign;
mod forged;
#[cfg(target_os = "linux")]
mod freshness;
#[cfg(target_os = "linux")]
mod full_disk;
mod fuzz;
mod generated;
mod hook;
mod identity_center;
#[path = "../../src/ini/testing/mod.rs"]
mod ini_testing;
mod interop;
mod kills;
mod layers;
mod leaks;
mod log;
mod loopback;
mod main_job;
mod manager;
mod manual;
mod matrix;
mod mfa;
mod mfa_codes;
mod mfa_enroll;
mod moto;
mod names;
mod narrow;
mod network;
mod newcomer;
mod other_services;
mod packaging;
#[cfg(target_os = "linux")]
mod peers;
mod picker;
mod picture;
mod profiles;
mod readers;
mod real_aws;
mod recorded;
mod refusals;
mod reports;
mod responses;
mod rotate;
#[cfg(target_os = "linux")]
mod sandbox;
mod scene;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod server_clients;
#[cfg(target_os = "linux")]
mod server_renewal;
#[cfg(target_os = "linux")]
mod session_reuse;
#[cfg(target_os = "linux")]
mod sessions;
mod shells;
mod store_serve;
mod stores;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod tour;
mod trust;
mod user;
mod vault_processes;
mod whoami;
mod worlds;

// What is tested, where `ini_testing` finds it.
use keyfob::ini;

/// The binary under test.
const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");
