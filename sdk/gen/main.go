// Command gen writes the generated parts of the client libraries from the contract.
// It reads the contract as Buf compiles it, with its comments, from standard input:
//
//	buf build -o - | go run ./sdk/gen -out sdk
//
// contract.go reads what the methods and messages are; golang.go, typescript.go and
// python.go know how each language names and types them; the text itself is in the
// templates. What does not change with the contract is written by hand beside it.
package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed *.tmpl
var templates embed.FS

// output is one generated file.
type output struct {
	path     string // below the folder of the client libraries
	template string
	words    func(*contract) template.FuncMap // how the language names and types things
}

var outputs = []output{
	{"go/types_gen.go", "go_types.tmpl", goWords},
	{"go/resources_gen.go", "go_resources.tmpl", goWords},
	{"typescript/src/types.gen.ts", "ts_types.tmpl", tsWords},
	{"typescript/src/shapes.gen.ts", "ts_shapes.tmpl", tsWords},
	{"typescript/src/resources.gen.ts", "ts_resources.tmpl", tsWords},
	{"python/src/florin/_types.py", "py_types.tmpl", pyWords},
	{"python/src/florin/_resources.py", "py_resources.tmpl", pyWords},
}

func main() {
	out := flag.String("out", "sdk", "folder of the client libraries")
	check := flag.Bool("check", false, "write nothing, and fail if a file is not what it would be")
	flag.Parse()
	keep := write
	if *check {
		keep = compare
	}
	if err := run(os.Stdin, *out, keep); err != nil {
		fmt.Fprintln(os.Stderr, "sdk/gen:", err)
		os.Exit(1)
	}
}

// run makes every file below a folder and hands it to keep.
func run(image io.Reader, folder string, keep func(path string, text []byte) error) error {
	data, err := io.ReadAll(image)
	if err != nil {
		return err
	}
	c, err := readContract(data)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		text, err := o.render(c)
		if err != nil {
			return fmt.Errorf("%s: %w", o.path, err)
		}
		if err := keep(filepath.Join(folder, filepath.FromSlash(o.path)), text); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source text, for everybody
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // source text, for everybody
}

func compare(path string, text []byte) error {
	old, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(old, text) {
		return fmt.Errorf("%s is stale: run make gen", path)
	}
	return nil
}

// render is the file's text.
func (o output) render(c *contract) ([]byte, error) {
	t, err := template.New(o.template).Funcs(o.words(c)).ParseFS(templates, o.template)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c); err != nil {
		return nil, err
	}
	if filepath.Ext(o.path) == ".go" {
		return format.Source(b.Bytes())
	}
	return b.Bytes(), nil
}
