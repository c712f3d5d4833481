package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path that all our import paths begin with.
const module = "github.com/florinpay/florin"

// notOurs lists folders that nobody writes by hand or that are made on the spot.
var notOurs = []string{".git", ".venv", ".venv-interop", "bin", "gen", "proto/buf", "proto/google", "tools/node_modules", "tools/interop/node_modules",
	"sdk/typescript/node_modules", "sdk/typescript/dist", "sdk/typescript/build"}

// tree is the source of the module, as far as people write it.
type tree struct {
	fset  *token.FileSet
	files []*file
	other []*file // text that is not Go; go.sum is left out
	all   fs.FS   // for links
}

// file is one source file.
type file struct {
	path string // from the module's root, with slashes
	text []byte
	ast  *ast.File // nil when it is not Go
}

// load reads a tree. It fails on Go that does not parse.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), all: fsys}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(notOurs, p):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular() || path.Base(p) == "go.sum" || p == ".git": // a file in a worktree
			return nil
		}
		return t.read(p)
	})
	return t, err
}

func (t *tree) read(p string) error {
	text, err := fs.ReadFile(t.all, p)
	if err != nil {
		return err
	}
	f := &file{path: p, text: text}
	switch {
	case path.Ext(p) == ".go" && !strings.Contains(p, "/testdata/"):
		if f.ast, err = parser.ParseFile(t.fset, p, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return err
		}
		if !ast.IsGenerated(f.ast) {
			t.files = append(t.files, f)
		}
	case !bytes.ContainsRune(text, 0): // neither a picture nor a program
		t.other = append(t.other, f)
	}
	return nil
}

// packages groups the Go files by folder.
func (t *tree) packages() map[string][]*file {
	byDir := map[string][]*file{}
	for _, f := range t.files {
		byDir[path.Dir(f.path)] = append(byDir[path.Dir(f.path)], f)
	}
	return byDir
}

// line says on which line of its file a position is.
func (t *tree) line(p token.Pos) int { return t.fset.Position(p).Line }

// at begins a complaint with the place it is about.
func (t *tree) at(p token.Pos, format string, args ...any) string {
	where := t.fset.Position(p)
	return fmt.Sprintf("%s:%d: %s", where.Filename, where.Line, fmt.Sprintf(format, args...))
}

// production lists the files that are not tests.
func (t *tree) production() []*file {
	return slices.DeleteFunc(slices.Clone(t.files), (*file).test)
}

// test says whether a file is a test or for tests only, as dbtest is.
func (f *file) test() bool {
	return strings.HasSuffix(f.path, "_test.go") || forTests(path.Dir(f.path))
}

func forTests(dir string) bool {
	return strings.HasPrefix(dir, "test/") || strings.HasSuffix(dir, "test")
}

// room names a file's room as imports.txt does.
func (f *file) room() string { return room(path.Dir(f.path)) }

func room(dir string) string {
	dir = strings.TrimPrefix(dir, "internal/")
	if dir == "gen" || strings.HasPrefix(dir, "gen/") {
		return "gen"
	}
	return dir
}

// in says whether a file's room is one of these or below one of them.
func (f *file) in(rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool {
		return f.room() == r || strings.HasPrefix(f.room(), r+"/")
	})
}

// imported is the path that an import names.
func imported(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic("the parser let a broken import through: " + spec.Path.Value)
	}
	return p
}

// uses finds where a file uses an exported name of a package: pkg.Name, under
// whatever name the file imports it.
func (f *file) uses(pkg string, names ...string) (found []*ast.SelectorExpr) {
	for _, spec := range f.ast.Imports {
		if imported(spec) != pkg {
			continue
		}
		local := path.Base(pkg)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(names, sel.Sel.Name) {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
					found = append(found, sel)
				}
			}
			return true
		})
	}
	return found
}
