package api

import (
	"crypto/sha256"
	_ "embed" // the dictionary
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"github.com/klauspost/compress/zstd"
)

// dictionary is text that answers are likely to repeat: sample lists in every
// format. It is made from the contract by a test; `make golden` makes it anew.
//
//go:embed compress_dictionary.bin
var dictionary []byte

// What the dictionary is called. Its URL changes with its content, so that it may
// be kept for ever.
var (
	dictionaryHash = sha256.Sum256(dictionary)
	dictionaryURL  = "/dictionaries/" + hex.EncodeToString(dictionaryHash[:8])

	dictionaryHeld  = ":" + base64.StdEncoding.EncodeToString(dictionaryHash[:]) + ":" // a byte sequence of RFC 9651
	dictionaryUse   = []string{`match="/v1/*", type=raw`}
	dictionaryLink  = []string{"<" + dictionaryURL + `>; rel="compression-dictionary"`}
	dictionaryType  = []string{"application/octet-stream"}
	dictionaryKept  = []string{"public, max-age=31536000, immutable"}
	dictionaryZstd  = newZstd(zstd.WithEncoderDictRaw(0, dictionary))      // frames name no dictionary: the header of dcz does
	dictionaryFrame = []byte{0x5e, 0x2a, 0x4d, 0x18, sha256.Size, 0, 0, 0} // a skippable frame that holds the hash
)

// packDCZ appends body as RFC 9842 §5 has it: the dictionary's hash, then zstd.
func packDCZ(out, body []byte) []byte {
	out = append(out, dictionaryFrame...)
	out = append(out, dictionaryHash[:]...)
	return dictionaryZstd.EncodeAll(body, out)
}

// offersDictionary reports whether the caller, who takes dcz, holds our dictionary.
// If not it is told where the dictionary is. Source: RFC 9842 §2.2, §3.
func (v *visit) offersDictionary() bool {
	held := v.r.Header["Available-Dictionary"]
	if len(held) == 1 && held[0] == dictionaryHeld {
		return true
	}
	h := v.w.Header()
	h["Link"], h["Vary"] = dictionaryLink, varyByDictionary
	return false
}

// addDictionary opens the dictionary's URL. Source: RFC 9842 §2.1.
func (s *Server) addDictionary() {
	s.router.add(&route{verb: "GET", pattern: dictionaryURL, page: true, porch: func(v *visit) {
		h := v.w.Header()
		h["Use-As-Dictionary"], h["Cache-Control"] = dictionaryUse, dictionaryKept
		v.send(http.StatusOK, dictionaryType, dictionary)
	}})
}
