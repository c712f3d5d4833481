package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/florinpay/florin/docs"
	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/openapi"
	"github.com/florinpay/florin/internal/wire"
	"github.com/florinpay/florin/proto"
)

const (
	plainText = "text/plain; charset=utf-8"
	hyperText = "text/html; charset=utf-8"
	script    = "text/javascript; charset=utf-8"
)

// What the pages in HTML may load: nothing from elsewhere.
const (
	frontPolicy     = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	referencePolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// pages are the documents that the door shows beside the API.
func pages(description, news openapi.Document) ([]api.Page, error) {
	contract, err := contractPages(proto.Files)
	shapes := wire.ContractShapes()
	return append(contract,
		api.Page{URL: "/", Type: hyperText, Body: docs.Front, Policy: frontPolicy, Browser: true},
		api.Page{URL: "/docs/errors", Type: plainText, Body: docs.Errors},
		api.Page{URL: "/docs/sandbox", Type: plainText, Body: docs.Sandbox},
		api.Page{URL: "/docs/events", Type: plainText, Body: docs.Events},
		api.Page{URL: "/docs/api", Type: hyperText, Body: docs.Reference, Policy: referencePolicy},
		api.Page{URL: "/docs/assets/page.css", Type: "text/css; charset=utf-8", Body: docs.Style},
		api.Page{URL: "/docs/assets/reference.js", Type: script, Body: docs.ReferenceStart},
		api.Page{URL: docs.ScalarURL, Type: script, Body: docs.Scalar, Gzipped: true, Forever: true},
		api.Page{URL: "/xsd/florin.v1.xsd", Type: "application/xml", Body: shapes.Schema()},
		api.Page{URL: "/xsd/problem.xsd", Type: "application/xml", Body: shapes.ProblemSchema()},
		api.Page{URL: "/openapi.json", Type: "application/json", Body: description.JSON},
		api.Page{URL: "/openapi.yaml", Type: "application/yaml", Body: description.YAML}, // RFC 9512
		api.Page{URL: "/asyncapi.json", Type: "application/json", Body: news.JSON},
		api.Page{URL: "/asyncapi.yaml", Type: "application/yaml", Body: news.YAML},
	), err
}

// contractPages are the contract's files one by one, their list, and all of them in
// one archive.
func contractPages(files fs.FS) (list []api.Page, err error) {
	var index strings.Builder
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".proto" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&index, "/proto/%s\n", name)
		list = append(list, api.Page{URL: "/proto/" + name, Type: plainText, Body: text})
		w, err := z.Create(name) // without a time: the same contract gives the same bytes
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	if err == nil {
		err = z.Close()
	}
	return append(list,
		api.Page{URL: "/proto", Type: plainText, Body: []byte(index.String())},
		api.Page{URL: "/proto.zip", Type: "application/zip", Body: archive.Bytes()},
	), err
}
