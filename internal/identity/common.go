package identity

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// commonPasswords are those of 12 characters and more that lists of leaked ones
// begin with, in lower case. What is built from them by digits and marks at either
// end is refused with them.
var commonPasswords = []string{
	"1234567890", "12345678901", "123456789012", "1234567890123", "0123456789", "098765432109", "987654321", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc",
	"1qaz2wsx3edc4rfv", "abc123abc123", "abcd1234abcd", "abcdefghijkl", "abcdefghijklmnop", "administrator", "adminadmin", "adminadminadmin",
	"asdfghjkl", "asdfghjklzxcvbnm", "baseballbaseball", "changeme", "changemenow", "correct horse battery staple", "correcthorsebatterystaple", "florin", "florinflorin",
	"footballfootball", "iloveyou", "iloveyouiloveyou", "letmein", "letmeinletmein", "liverpoolfc", "managermanager", "masterpassword", "michaeljackson",
	"mypassword", "mypasswordis", "password", "passwordpassword", "passw0rd", "p@ssw0rd", "p@ssword", "pa55word", "princessprincess", "qazwsxedcrfv", "qazwsxedc",
	"qwerty", "qwertyqwerty", "qwertyuiop", "qwertyuiopas", "qwertyuiopasdfgh", "qwertzuiop", "secretsecret", "sunshinesunshine", "thisismypassword",
	"trustno1trustno1", "unbelievable", "welcome", "welcomewelcome", "woaini", "woaini1314", "woaini520", "zaq12wsx", "zxcvbnm", "zxcvbnmasdfghjkl",
}

// common reports whether a password in lower case is among the first that are guessed.
func common(folded string) bool {
	_, size := utf8.DecodeRuneInString(folded)
	if strings.ReplaceAll(folded, folded[:size], "") == "" { // one character, again and again
		return true
	}
	core := strings.Trim(folded, "0123456789 !@#$%^&*()-_=+.,?~")
	return slices.Contains(commonPasswords, folded) || slices.Contains(commonPasswords, core)
}
