package house

import "strings"

// sample is a small source tree and what a rule must say about it; an empty want
// means nothing.
type sample struct {
	name  string
	want  string
	files map[string]string
}

// one is a tree of one file.
func one(path, text string) map[string]string { return map[string]string{path: text} }

// edges is a tree of one file beside a list of permitted imports.
func edges(list, path, text string) map[string]string {
	return map[string]string{importsFile: list, path: text}
}

const lawful = "money:\nledger: money\ncmd/florin: *\n"

var cases = map[string][]sample{
	"imports": {
		{"an edge that is not listed", "internal/money/a.go:2: money may not import ledger", edges(lawful,
			"internal/money/a.go", "package money\nimport _ \""+module+"/internal/ledger\"\n")},
		{"a room that is not listed", "the room vault has no line in " + importsFile, edges(lawful,
			"internal/vault/a.go", "package vault\n")},
		{"an arrow upwards", "ledger is not a room above money", edges("money: ledger\nledger: money\n",
			"internal/money/a.go", "package money\n")},
		{"a line that is none", "want one line", edges("money\n", "internal/money/a.go", "package money\n")},
		{"the generated contract is a room", "money may not import gen", edges(lawful,
			"internal/money/a.go", "package money\nimport _ \""+module+"/gen/florin/v1\"\n")},
		{"a test's tool in the product", "internal/db/dbtest is for tests only", edges(lawful,
			"cmd/florin/main.go", "package main\nimport _ \""+module+"/internal/db/dbtest\"\n")},
		{"the client library leans on ours", "sdk/go may not import money", edges(lawful+"sdk/go:\n",
			"sdk/go/a.go", "package florin\nimport _ \""+module+"/internal/money\"\n")},
		{"a listed edge", "", edges(lawful,
			"internal/ledger/a.go", "package ledger\nimport _ \""+module+"/internal/money\"\n")},
		{"a test imports anything", "", edges(lawful,
			"internal/money/a_test.go", "package money\nimport _ \""+module+"/internal/ledger\"\n")},
		{"the wiring imports anything", "", edges(lawful,
			"cmd/florin/main.go", "package main\nimport _ \""+module+"/internal/ledger\"\n")},
	},
	"card zone": {
		{"a flow sees a card", "payment is outside the card zone", one(
			"internal/payment/a.go", "package payment\nimport _ \""+module+"/internal/card\"\n")},
		{"even the wiring", "cmd/florin is outside the card zone", one(
			"cmd/florin/main.go", "package main\nimport _ \""+module+"/internal/card\"\n")},
		{"two files of the API", "here are 2", map[string]string{
			"internal/api/a.go": "package api\nimport _ \"" + module + "/internal/card\"\n",
			"internal/api/b.go": "package api\nimport _ \"" + module + "/internal/card\"\n"}},
		{"the zone itself", "", map[string]string{
			"internal/api/a.go":            "package api\nimport _ \"" + module + "/internal/card\"\n",
			"internal/vault/a.go":          "package vault\nimport _ \"" + module + "/internal/card\"\n",
			"internal/connector/acme/a.go": "package acme\nimport _ \"" + module + "/internal/card\"\n"}},
	},
	"drivers only in db": {
		{"database/sql in a room", "only internal/db imports database/sql", one(
			"internal/ledger/store.go", "package ledger\nimport _ \"database/sql\"\n")},
		{"a driver", "only internal/db imports github.com/jackc/pgx/v5", one(
			"cmd/florin/a.go", "package main\nimport _ \"github.com/jackc/pgx/v5\"\n")},
		{"db and below", "", one("internal/db/dbtest/a.go", "package dbtest\nimport _ \"github.com/jackc/pgx/v5\"\n")},
	},
	"SQL only in store.go": {
		{"a query in a verb", "SQL outside", one("internal/payment/get.go",
			"package payment\nconst q = `\n\tSelect id\n\tFrom payment where id = $1`\n")},
		{"a query in pieces", "SQL outside", one("internal/payment/get.go",
			"package payment\nvar q = \"select \" + columns + \" from \" + (table + \" x\")\n")},
		{"a change of rows", "SQL outside", one("internal/payment/set.go",
			"package payment\nvar q = \"update payment set state = $1\"\n")},
		{"a new row", "SQL outside", one("cmd/florin/seed.go", "package main\nvar q = \"INSERT INTO wallet values ($1)\"\n")},
		{"a row less", "SQL outside", one("cmd/florin/seed.go", "package main\nvar q = \"delete from wallet where 1=1\"\n")},
		{"prose", "", one("internal/payment/a.go", "package payment\nvar s = \"select a card\" // update it, delete from memory\n")},
		{"the store", "", one("internal/payment/store.go", "package payment\nvar q = \"select id from payment\"\n")},
	},
	"outgoing HTTP": {
		{"a client in a room", "payment may not call out by HTTP (http.Client)", one("internal/payment/a.go",
			"package payment\nimport \"net/http\"\nvar c http.Client\n")},
		{"under another name", "(http.Get)", one("internal/payment/a.go",
			"package payment\nimport h \"net/http\"\nvar _, _ = h.Get(\"x\")\n")},
		{"a server", "", one("internal/api/a.go", "package api\nimport \"net/http\"\nvar s http.Server\n")},
		{"a connector", "", one("internal/connector/acme/a.go", "package acme\nimport \"net/http\"\nvar c http.Client\n")},
	},
	"time only through clock": {
		{"asks the machine", "time.Now goes round", one("internal/payment/a.go",
			"package payment\nimport \"time\"\nvar t = time.Now()\n")},
		{"waits", "time.Sleep goes round", one("cmd/florin/a.go",
			"package main\nimport \"time\"\nfunc f() { time.Sleep(time.Second) }\n")},
		{"a span", "", one("internal/payment/a.go", "package payment\nimport \"time\"\nconst ttl = time.Hour\n")},
		{"a client library", "", one("sdk/go/a.go", "package florin\nimport \"time\"\nvar t = time.Now()\n")},
		{"a test", "", one("internal/payment/a_test.go", "package payment\nimport \"time\"\nvar t = time.Now()\n")},
	},
	"file size": {
		{"too long", "401 lines, 400 at most", one("internal/a/a.go", "package a\n"+strings.Repeat("\n", 400))},
		{"a test that is too long", "601 lines", one("internal/a/a_test.go", "package a\n"+strings.Repeat("\n", 600))},
		{"at the limit", "", one("internal/a/a.go", "package a\n"+strings.Repeat("\n", 399))},
		{"generated", "", one("internal/a/a.go", "// Code generated by hand. DO NOT EDIT.\n\npackage a\n"+strings.Repeat("\n", 900))},
	},
	"function size": {
		{"too long", "f has 61 lines, 60 at most", one("internal/a/a.go", "package a\nfunc f() {"+strings.Repeat("\n", 60)+"}\n")},
		{"at the limit", "", one("internal/a/a.go", "package a\nfunc f() {"+strings.Repeat("\n", 59)+"}\n")},
		{"a test's table", "", one("internal/a/a_test.go", "package a\nfunc f() {"+strings.Repeat("\n", 119)+"}\n")},
	},
	"package comment": {
		{"none", "internal/a: no package comment", one("internal/a/a.go", "package a\n")},
		{"one in any file", "", map[string]string{"internal/a/a.go": "package a\n", "internal/a/doc.go": "// Package a is.\npackage a\n"}},
	},
	"package name": {
		{"vague", "package util could hold anything", one("internal/util/a.go", "package util\n")},
		{"a vague folder", "\"common\" could hold anything", one("internal/common/card/a.go", "package card\n")},
		{"a standard name", "package errors has the name of a standard", one("internal/errors/a.go", "package errors\n")},
		{"not the folder's", "package money lives in a folder named cash", one("internal/cash/a.go", "package money\n")},
		{"a noun", "", one("internal/payment/a.go", "package payment\n")},
		{"the client library", "", one("sdk/go/a.go", "package florin\n")},
		{"another folder of a client library", "lives in a folder named gen", one("sdk/gen/a.go", "package florin\n")},
	},
	"exported names are explained": {
		{"a function", "Open has no comment", one("internal/a/a.go", "package a\nfunc Open() {}\n")},
		{"a method", "Close has no comment", one("internal/a/a.go", "package a\n\n// T is.\ntype T[E any] struct{}\n\nfunc (*T[E]) Close() {}\n")},
		{"a type", "State has no comment", one("internal/a/a.go", "package a\ntype State int\n")},
		{"the client library's", "Close has no comment", one("sdk/go/a.go", "package florin\nfunc Close() {}\n")},
		{"nobody else's", "", one("internal/a/a.go", "package a\ntype t int\n\nfunc (t) Close() {}\nfunc (t) open() {}\n")},
		{"an interface's method", "", one("internal/a/a.go", "package a\n\n// I is.\ntype I interface{ Do() }\n\n// T is.\ntype T int\n\nfunc (T) Do() {}\n")},
		{"a group", "", one("internal/a/a.go", "package a\n\n// States.\nconst (\n\tOpen = 1\n\tShut = 2\n)\n")},
	},
	"nothing left for later": {
		{"in code", "finish it", one("internal/a/a.go", "package a\n// TO"+"DO: later\n")},
		{"in a script", "run.sh:2", one("run.sh", "set -e\n# FIX"+"ME\n")},
		{"the code for no currency", "", one("docs/money.md", "XTS and XX"+"X have no minor unit.\n")},
	},
	"stands alone": {
		{"a path of one machine", "a.md:1", one("a.md", "See /wor"+"k/notes.\n")},
		{"a folder beside", "cannot see that", one("internal/a/a.go", "package a\n// from ../share"+"d/design\n")},
		{"a number elsewhere", "cannot see that", one("a.md", "As issue"+" #2 says.\n")},
		{"work of other kinds", "", one("a.md", "The committer's work/rest rhythm, issues of keys, a workshop.\n")},
	},
	"links lead somewhere": {
		{"a lost file", "docs/a.md: the link to b.md#top leads nowhere", one("docs/a.md", "[b](b.md#top)\n")},
		{"a standard without its file", "spec/index.tsv:3: B is Yes, and b.go is no file", map[string]string{
			"spec/index.tsv": "standard\tsection\tstatus\tfile\nA\tall\tYes\ta.go\nB\tall\tYes\tb.go\nC\tall\tNo\t-\n", "a.go": "package a\n"}},
		{"a file, an anchor, another site, an example", "", map[string]string{
			"docs/a.md": "[b](../b.md) [c](#c) [d](https://example.org/x) `[e](f)`\n```\n[g](h)\n```\n", "b.md": ""}},
	},
}
