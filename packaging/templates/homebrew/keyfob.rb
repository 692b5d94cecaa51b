# Installs the archives of a release. For a tap: homebrew-core builds formulae from source.
class Keyfob < Formula
  desc "Short-lived AWS credentials from access keys that never leave the key store"
  homepage "@HOME@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@HOME@/releases/download/v@VERSION@/keyfob-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:keyfob-@VERSION@-aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@HOME@/releases/download/v@VERSION@/keyfob-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:keyfob-@VERSION@-x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_intel do
      url "@HOME@/releases/download/v@VERSION@/keyfob-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256:keyfob-@VERSION@-x86_64-unknown-linux-gnu.tar.gz@"
    end
  end

  def install
    bin.install "keyfob"
    bash_completion.install "completions/keyfob.bash" => "keyfob"
    zsh_completion.install "completions/_keyfob"
    fish_completion.install "completions/keyfob.fish"
    pkgshare.install "completions"
    man1.install Dir["man/*.1"]
    doc.install Dir["*.md"], "docs"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/keyfob --version")
  end
end
