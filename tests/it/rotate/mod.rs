//! Rotation of access keys: what its user meets, and that no key is lost whatever happens.

mod flow;
mod interrupted;
mod liars;
mod listing;
mod refusals;
mod safety;
#[cfg(target_os = "linux")]
mod stores;

use serde_json::Value;

use crate::scene::Scene;
use crate::support::leaks::Shows;
use crate::support::run::Ran;

/// A scene whose rotations take no longer than they have to.
pub fn scene() -> Scene {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene
}

pub fn hurry(scene: &mut Scene) {
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "0");
    scene.sandbox.set("KEYFOB_ROTATE_PATIENCE", "300ms");
}

impl Scene {
    pub fn rotate(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(&[&["rotate", "work"], arguments].concat()).run()
    }

    /// The id of the key `work` uses now, whose secret comes out of the store and is the server's own.
    #[track_caller]
    pub fn stored_key(&self) -> String {
        let arguments = ["credential-process", "work", "--no-session"];
        let answer = self.sandbox.keyfob(&arguments).shows(Shows::Keys).run().json();
        let id = answer["AccessKeyId"].as_str().expect("an id").to_owned();
        assert_eq!(answer["SecretAccessKey"], self.ann.secret_of(&id).as_str());
        id
    }

    /// Whether AWS takes signatures of this key.
    pub fn is_active(&self, id: &str) -> bool {
        self.ann.keys().contains(&(id.to_owned(), true))
    }

    pub fn keys_json(&self) -> Value {
        let ran = self.sandbox.keyfob(&["keys", "--json"]).run();
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }
}

/// The only key that is not `old`.
#[track_caller]
fn other_key(scene: &Scene, old: &str) -> String {
    let others: Vec<String> = scene.ann.keys().into_iter().map(|(id, _)| id).filter(|id| id != old).collect();
    assert_eq!(others.len(), 1, "{:?}", scene.ann.keys());
    others[0].clone()
}
