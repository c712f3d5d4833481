package db

import (
	"crypto/sha256"
	"encoding/base32"
)

// keyword is one value that an object can be found by: a word and the object's id after
// it. Only what has such a value costs an entry.
type keyword struct{ entry string }

var keywords = NewTable("keyword", func(k *keyword, f *Fields) { Text(f, "entry", &k.entry) })

// Word is the keyword of a value: a digest of who owns it, what it is of, and the
// value itself, so that it is short however long they are.
func Word(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte{byte(len(p) >> 8), byte(len(p))})
		h.Write([]byte(p))
	}
	return base32.HexEncoding.EncodeToString(h.Sum(nil)[:20])
}

// Mark lets the object be found by words, once the write is durable. What it is
// marked with must not change later.
func Mark(tx *Tx, object string, words ...string) {
	for _, w := range words {
		keywords.Insert(tx, keyword{w + object})
	}
}

// ByWord is the way to the objects marked with a word, in the order of their ids.
func ByWord(word string) Way {
	return Way{Table: keywords.spec.name, Key: "entry", Prefix: word}
}
