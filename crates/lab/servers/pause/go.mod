module weft.dev/lab/pause

go 1.21
