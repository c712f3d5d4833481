//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestClientLibraries runs each library's own tests against the real binary, also
// through machines that fail, and the code of its README.
func TestClientLibraries(t *testing.T) {
	t.Parallel()
	platform := dev(t)
	environment := []string{"FLORIN_URL=" + platform.URL, "FLORIN_KEY=" + platform.Key, "NO_PROXY=127.0.0.1"}
	for variable, fault := range faults {
		environment = append(environment, variable+"="+startMachine(t, platform.Address(), fault))
	}
	for _, library := range []struct {
		name string
		test func(*testing.T, bench)
	}{{"go", testGo}, {"typescript", testTypeScript}, {"python", testPython}} {
		t.Run(library.name, func(t *testing.T) {
			folder, err := filepath.Abs(filepath.Join(root, "sdk", library.name))
			if err != nil {
				t.Fatal(err)
			}
			library.test(t, bench{folder, environment})
		})
	}
}

// bench is where a library is tested.
type bench struct {
	folder      string
	environment []string
}

// run runs a program to its good end and gives what it said.
func (b bench) run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	return must(t, dir, b.environment, name, args...)
}

// readme is the code of one language in the README: its blocks, one after another.
func (b bench) readme(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("the README shows no %s", language)
	}
	return strings.Join(blocks, "\n")
}

// shown are the lines that each README's code prints.
var shown = []string{"paid 19.99 USD: succeeded", "declined: insufficient_funds, retry_later", "newest: failed 100", "oldest: succeeded 1999"}

func (b bench) shows(t *testing.T, said string) {
	t.Helper()
	if lines := strings.Split(strings.TrimSpace(said), "\n"); !slices.Equal(lines, shown) {
		t.Errorf("the README's code says %q, want %q", lines, shown)
	}
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func testGo(t *testing.T, b bench) {
	b.run(t, b.folder, "go", "vet", "./...")
	if said := b.run(t, b.folder, "go", "test", "-count=1", "-v", "./..."); strings.Contains(said, "--- SKIP") {
		t.Errorf("tests were skipped:\n%s", said)
	}
	dir := t.TempDir()
	write(t, b.readme(t, "go"), dir, "main.go")
	b.run(t, dir, "go", "mod", "init", "example.org/shop")
	b.run(t, dir, "go", "mod", "edit", "-replace", "github.com/florinpay/florin/sdk/go="+b.folder,
		"-require", "github.com/florinpay/florin/sdk/go@v0.0.0")
	b.shows(t, b.run(t, dir, "go", "run", "."))
}

func testTypeScript(t *testing.T, b bench) {
	compiler := tool(t, typescriptTools, "tsc")
	if said := b.run(t, b.folder, "npm", "test"); !regexp.MustCompile(`(?m)^\S+ skipped 0$`).MatchString(said) {
		t.Errorf("tests were skipped:\n%s", said)
	}
	dir := t.TempDir()
	write(t, `{"type":"module"}`, dir, "package.json")
	b.run(t, dir, "npm", "install", "--offline", "--no-audit", "--no-fund", b.folder)
	write(t, b.readme(t, "ts"), dir, "shop.ts")
	b.run(t, dir, compiler, "--strict", "--module", "nodenext", "--target", "es2022",
		"--types", "node", "--typeRoots", filepath.Join(b.folder, "node_modules", "@types"), "shop.ts")
	b.shows(t, b.run(t, dir, "node", "shop.js"))
}

// testPython installs the library where nothing else is, as its user does.
func testPython(t *testing.T, b bench) {
	dir, judge := t.TempDir(), tool(t, pythonTools, "python")
	python := filepath.Join(dir, "venv", "bin", "python")
	quietly := []string{"--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"}
	b.run(t, dir, judge, append([]string{"-m", "pip", "wheel", "--no-build-isolation", "--wheel-dir", dir, b.folder}, quietly...)...)
	b.run(t, dir, judge, "-m", "venv", "--without-pip", filepath.Join(dir, "venv"))
	b.run(t, dir, judge, append([]string{"-m", "pip", "--python", python, "install", "--find-links", dir, "florin-sdk"}, quietly...)...)
	if said := b.run(t, b.folder, python, "-B", "-m", "unittest", "discover", "-s", "tests"); strings.Contains(said, "skipped=") {
		t.Errorf("tests were skipped:\n%s", said)
	}
	write(t, b.readme(t, "python"), dir, "shop.py")
	mypy := []string{"-m", "mypy", "--python-executable", python, "--cache-dir", filepath.Join(dir, "mypy")}
	b.run(t, b.folder, judge, mypy...)
	b.run(t, dir, judge, append(mypy, "--strict", "shop.py")...)
	b.shows(t, b.run(t, dir, python, "shop.py"))
}
