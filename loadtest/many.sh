#!/bin/sh
# Plays many sales of different sizes, one after the other, against the running demo of this clone:
#     loadtest/many.sh FOLDER        (a document and a report for each run; what is told goes to FOLDER/results.txt)
# Ends with 1 when any of them has another exit code than 0.
set -u
folder=${1:?a folder for the results}
mkdir -p "$folder"
code=0
number=0
while read -r options; do
    number=$((number + 1))
    name=$(printf 'run-%02d' "$number")
    echo "#### $name: $options" | tee -a "$folder/results.txt"
    # shellcheck disable=SC2086 # the options of a run are words
    FESTIVAL_ALLOW_LOADTEST=1 .venv/bin/python manage.py rush $options --json "$folder/$name.json" \
        --html "$folder/$name.html" >>"$folder/results.txt" 2>>"$folder/progress.txt" || code=1
    tail -n 1 "$folder/results.txt"
done <<RUNS
--students 12000 --zones A=1 --mode redis
--students 12000 --zones A=1 --mode database --within 40
--students 12000 --zones A=12000 --mode redis
--students 12000 --zones A=12000 --mode database --within 40
--students 12000 --zones A=5000 --waitlist 500 --mode redis --seed 2
--students 12000 --zones A=3000,B=1500,C=500 --waitlist 12000 --mode redis --seed 3
--students 12000 --zones A=100,B=200,C=300,D=400,E=500,F=600,G=700,H=800 --waitlist 100 --mode redis --seed 4
--students 12000 --zones A=3000,B=1500,C=500 --within 1 --mode redis --seed 5
--students 12000 --zones A=3000,B=1500,C=500 --waitlist 500 --weight C=20 --mode redis --seed 6
--students 12000 --zones A=0,B=1000 --waitlist 10 --mode redis --seed 7
--students 6000 --zones A=1000,B=1000 --waitlist 200 --mode redis --switch-at 2=database --switch-at 5=redis
--students 6000 --zones A=1000,B=1000 --waitlist 200 --mode database --within 20 --switch-at 3=redis --switch-at 9=database
--students 6000 --zones A=1000,B=500 --mode redis --capacity-at 2:A=1200 --capacity-at 4:B=400
--students 6000 --zones A=500,B=500 --waitlist 300 --mode redis --capacity-at 7:A=700
--students 3000 --zones A=1000,B=500 --mode database --within 15 --capacity-at 2:A=800 --capacity-at 4:B=900
--students 6000 --zones A=2000,B=500 --mode redis --pause-at 3 --resume-at 5
--students 3000 --zones A=1000 --waitlist 50 --mode database --within 15 --pause-at 3 --resume-at 5
--students 3000 --zones A=100,B=1 --waitlist 1 --mode database --within 10 --seed 8
--students 6000 --zones A=2500 --waitlist 500 --early 1 --mode redis --seed 9
--students 1 --zones A=1 --mode both
RUNS
exit $code
