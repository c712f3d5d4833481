package main

import (
	"net/http"

	"github.com/florinpay/florin/docs"
)

// pages shows the documents that answers point to, as plain text; everything else
// goes to the API.
func pages(next http.Handler) http.Handler {
	texts := map[string][]byte{"/docs/errors": docs.Errors, "/docs/sandbox": docs.Sandbox}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := texts[r.URL.Path]
		if !ok || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text) // a reader that went away is no failure
	})
}
