class Maskinporten < Formula
  desc "Access tokens from Maskinporten on the command-line"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_linux do
    on_intel do
      url "@DOWNLOADS@/maskinporten-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256 maskinporten-@VERSION@-x86_64-unknown-linux-gnu.tar.gz@"
    end
    on_arm do
      url "@DOWNLOADS@/maskinporten-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256 maskinporten-@VERSION@-aarch64-unknown-linux-gnu.tar.gz@"
    end
  end

  # Programs for macOS can be built only with Apple's SDK, which each machine there has.
  on_macos do
    url "@DOWNLOADS@/maskinporten-@VERSION@.crate"
    sha256 "@SHA256 maskinporten-@VERSION@.crate@"
    depends_on "rust" => :build
  end

  def install
    if OS.mac?
      system "cargo", "install", *std_cargo_args
      system bin/"maskinporten", "man", "--dir", man1
      generate_completions_from_executable(bin/"maskinporten", "completions", shells: [:bash, :zsh, :fish])
    else
      bin.install "maskinporten"
      man1.install Dir["man/*.1"]
      bash_completion.install "completions/maskinporten.bash" => "maskinporten"
      zsh_completion.install "completions/maskinporten.zsh" => "_maskinporten"
      fish_completion.install "completions/maskinporten.fish"
    end
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/maskinporten --version")
    system bin/"maskinporten", "demo"
  end
end
