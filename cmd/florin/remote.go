package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
)

// remote is a running server that a tool calls as any client does.
type remote struct {
	URL    string `help:"Address of the server. A sandbox's is known from its data folder." placeholder:"URL" env:"FLORIN_URL"`
	Data   string `help:"A sandbox's data folder, for its address and key. For another server set FLORIN_KEY: a key does not belong on the command line." default:"florin-data" type:"path" env:"FLORIN_DATA"`
	CAFile string `help:"Certificates in PEM of who vouches for the server's." name:"ca-file" type:"path" env:"FLORIN_CA_FILE"`
}

// keyVariable holds the API key that tools call with.
const keyVariable = "FLORIN_KEY"

func (r remote) client() (*client, error) {
	w, err := readWorld(r.Data)
	if err != nil {
		return nil, err
	}
	url, key := cmp.Or(r.URL, w.Issuer), cmp.Or(os.Getenv(keyVariable), w.SandboxKey)
	switch {
	case url == "" && key == "":
		return nil, fmt.Errorf("no sandbox was started in %s: give its folder by --data, or --url and the environment variable %s", r.Data, keyVariable)
	case url == "":
		return nil, errors.New("where is the server? Give --url")
	case key == "":
		return nil, fmt.Errorf("there is no API key: set the environment variable %s", keyVariable)
	}
	return newClient(url, key, r.CAFile)
}
