package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	formBytesMax      = 64 << 10
	formParametersMax = 64
)

// readForm reads a request's body as a form. Source: RFC 6749 §3.2, appendix B.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *Fail) {
	kind, more, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, has := more["charset"]
	if err != nil || kind != "application/x-www-form-urlencoded" || has && !strings.EqualFold(charset, "utf-8") || len(more) > 1 || len(more) == 1 && !has {
		f := invalid("Send a body of type application/x-www-form-urlencoded.")
		f.Status = http.StatusUnsupportedMediaType
		return nil, f
	}
	if r.URL.RawQuery != "" {
		return nil, invalid("Send parameters in the body only.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, formBytesMax))
	if err != nil {
		f := invalid("The form is larger than 64 KiB or broken.")
		f.Status = http.StatusRequestEntityTooLarge
		return nil, f
	}
	return parseForm(string(body))
}

// parseForm reads parameters, each of which may come once. One without a value counts
// as not sent. Source: RFC 6749 §3.1, §3.2.
func parseForm(text string) (url.Values, *Fail) {
	if len(text) > formBytesMax {
		return nil, invalid("The parameters are longer than 64 KiB.")
	}
	if strings.Count(text, "&") >= formParametersMax {
		return nil, invalid("There are too many parameters.")
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("The parameters cannot be read.")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, invalid("A parameter came twice.")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return nil, invalid("A parameter is not UTF-8 text.")
		}
		if values[0] == "" {
			delete(form, name)
		}
	}
	return form, nil
}
