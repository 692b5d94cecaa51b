# keyfob from this checkout: `nix-build packaging/nix`. Its version is the one in Cargo.toml.
{ pkgs ? import <nixpkgs> { } }:

let
  inherit (pkgs) lib;
  root = ../..;
  manifest = (builtins.fromTOML (builtins.readFile (root + "/Cargo.toml"))).package;
in
pkgs.rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;

  src = lib.cleanSourceWith {
    src = root;
    filter = path: type: baseNameOf path != "target" && lib.cleanSourceFilter path type;
  };
  cargoLock.lockFile = root + "/Cargo.lock";

  # The tests need keychains, shells and clients that the build sandbox does not have.
  doCheck = false;

  nativeBuildInputs = [ pkgs.installShellFiles ];
  postInstall = ''
    installManPage packaging/man/*.1
    installShellCompletion --cmd keyfob \
      --bash completions/keyfob.bash --zsh completions/_keyfob --fish completions/keyfob.fish
    install -Dm644 -t $out/share/elvish/lib completions/keyfob.elv
    install -Dm644 -t $out/share/nushell/vendor/autoload completions/keyfob.nu
    install -Dm644 -t $out/share/doc/keyfob {README,SECURITY,CHANGELOG,THIRD-PARTY}.md LICENSE-*
    install -Dm644 -t $out/share/doc/keyfob/docs docs/*
  '';

  meta = {
    inherit (manifest) description;
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "keyfob";
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
}
