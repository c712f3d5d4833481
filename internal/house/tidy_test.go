package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
)

// Limits in lines. A test may be longer: its table is data.
const (
	fileLines, testFileLines = 400, 600
	funcLines, testFuncLines = 60, 120
)

// fileSize: a file past its limit does two jobs.
func fileSize(t *tree) (bad []string) {
	for _, f := range t.files {
		limit := fileLines
		if f.test() {
			limit = testFileLines
		}
		if n := bytes.Count(f.text, []byte("\n")); n > limit {
			bad = append(bad, fmt.Sprintf("%s: %d lines, %d at most: split it by what it does", f.path, n, limit))
		}
	}
	return bad
}

// functionSize: a function past its limit tells two stories.
func functionSize(t *tree) (bad []string) {
	for _, f := range t.files {
		limit := funcLines
		if f.test() {
			limit = testFuncLines
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := t.line(fn.End()) - t.line(fn.Pos()) + 1; n > limit {
				bad = append(bad, t.at(fn.Pos(), "%s has %d lines, %d at most", fn.Name, n, limit))
			}
		}
	}
	return bad
}

// packageComment: a reader learns from the package's first words what it is for.
func packageComment(t *tree) (bad []string) {
	for dir, files := range t.packages() {
		if !slices.ContainsFunc(files, func(f *file) bool { return f.ast.Doc != nil }) {
			bad = append(bad, dir+": no package comment; say in doc.go what it is for and what it never does")
		}
	}
	return bad
}

// vague names say nothing of the trade.
var vague = []string{"util", "utils", "common", "models", "services", "helpers", "manager", "handler", "pkg", "mocks", "misc", "shared"}

// clientDir holds the client library in Go: the folder is named after the language,
// as its neighbours are, the package after what it is for.
const clientDir = "sdk/go"

// packageName: a package is a noun of the glossary and is named as its folder.
func packageName(t *tree) (bad []string) {
	for dir, files := range t.packages() {
		name := strings.TrimSuffix(files[0].ast.Name.Name, "_test")
		place := files[0].ast.Name.Pos()
		for _, part := range strings.Split(dir, "/") {
			if slices.Contains(vague, part) {
				bad = append(bad, t.at(place, "%q could hold anything: name the folder after a noun of the glossary", part))
			}
		}
		if name == "main" {
			continue
		}
		if name != path.Base(dir) && dir != clientDir {
			bad = append(bad, t.at(place, "package %s lives in a folder named %s", name, path.Base(dir)))
		}
		if slices.Contains(vague, name) {
			bad = append(bad, t.at(place, "package %s could hold anything", name))
		}
		if slices.Contains(standard(), name) {
			bad = append(bad, t.at(place, "package %s has the name of a standard library package", name))
		}
	}
	return bad
}

// standard lists the names of the standard library's public packages.
var standard = sync.OnceValue(func() (names []string) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		panic(fmt.Sprintf("go list std: %v", err))
	}
	for _, p := range strings.Fields(string(out)) {
		parts := strings.Split(p, "/")
		if parts[0] != "vendor" && !slices.Contains(parts, "internal") {
			names = append(names, parts[len(parts)-1])
		}
	}
	return names
})

// obvious methods do what their standard interface says.
var obvious = []string{"Error", "Unwrap", "Is", "String", "GoString", "Format", "LogValue",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "Len", "Less", "Swap"}

// exportedExplained: what other rooms may use says what it does. A method that an
// interface of the same package asks for is explained there.
func exportedExplained(t *tree) (bad []string) {
	for _, files := range t.packages() {
		files = slices.DeleteFunc(files, func(f *file) bool {
			return f.test() || !strings.HasPrefix(f.path, "internal/") && path.Dir(f.path) != clientDir
		})
		asked := interfaceMethods(files)
		for _, f := range files {
			bad = append(bad, t.unexplained(f, asked)...)
		}
	}
	return bad
}

// interfaceMethods names the methods of a package's interfaces.
func interfaceMethods(files []*file) (names []string) {
	for _, f := range files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				for _, method := range i.Methods.List {
					for _, name := range method.Names {
						names = append(names, name.Name)
					}
				}
			}
			return true
		})
	}
	return names
}

func (t *tree) unexplained(f *file, asked []string) (bad []string) {
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && public(d) && (d.Recv == nil || !slices.Contains(asked, d.Name.Name)) {
				bad = append(bad, t.at(d.Pos(), "%s has no comment: say what it gives and how it fails", d.Name))
			}
		case *ast.GenDecl:
			for _, name := range bare(d) {
				bad = append(bad, t.at(name.Pos(), "%s has no comment: say what it is, with its unit", name))
			}
		}
	}
	return bad
}

// public says whether other rooms can call a function.
func public(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return fn.Name.IsExported()
	}
	receiver := fn.Recv.List[0].Type
	if p, ok := receiver.(*ast.StarExpr); ok {
		receiver = p.X
	}
	switch r := receiver.(type) {
	case *ast.IndexExpr:
		receiver = r.X
	case *ast.IndexListExpr:
		receiver = r.X
	}
	x, ok := receiver.(*ast.Ident)
	return ok && x.IsExported() && fn.Name.IsExported() && !slices.Contains(obvious, fn.Name.Name)
}

// bare lists exported types, constants and variables without a comment of
// their own, of their group, or at the line's end.
func bare(d *ast.GenDecl) (names []*ast.Ident) {
	if d.Doc != nil || d.Tok == token.IMPORT {
		return nil
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Comment == nil && s.Name.IsExported() {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			if s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
				names = append(names, s.Names[0])
			}
		}
	}
	return names
}
