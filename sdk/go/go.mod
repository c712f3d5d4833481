module github.com/florinpay/florin/sdk/go

go 1.24
