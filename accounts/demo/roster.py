"""The invented students of the demo: the same ones in every run, none of them a real person."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Level, Student, StudentStatus, name_key

SEED = 2026
MAIL_DOMAIN = "hanbit.example"  # .example belongs to nobody, so no mail can ever arrive somewhere
UNDERGRADUATES_OF_A_YEAR = 3000

# Names for the log-in-as list: easy to say, the first students of the fourth year.
WELL_KNOWN = (
    "김하나",
    "이두리",
    "박세나",
    "최나래",
    "정다온",
    "강바다",
    "조하늘",
    "윤가람",
    "장보라",
    "임마루",
)
WELL_KNOWN_NUMBERS = tuple(f"2023{number:04}" for number in range(1, len(WELL_KNOWN) + 1))
# One each who has left university for a while, for good, or is not an undergraduate.
OTHERS = ("20220001", "20190001", "20257001")

# Family names with their share in a thousand, roughly as they are common.
FAMILY_NAMES = {
    **{"김": 215, "이": 147, "박": 84, "최": 47, "정": 43, "강": 24, "조": 21, "윤": 21, "장": 20, "임": 17},
    **{"한": 15, "오": 15, "서": 15, "신": 15, "권": 14, "황": 14, "안": 14, "송": 14, "전": 11, "홍": 11},
    **{"유": 10, "고": 9, "문": 9, "양": 9, "손": 9, "배": 8, "백": 8, "허": 6, "남": 6, "심": 5, "노": 5},
    **{"하": 5, "곽": 4, "성": 4, "차": 4, "주": 4, "우": 4, "구": 4, "민": 4, "류": 4, "나": 3, "진": 3},
    **{"남궁": 1, "황보": 1, "선우": 1, "제갈": 1},
}
FIRST_SYLLABLES = "가나다도동민서성소수시승아연영예우원유윤은이인재정주준지진채태하한해현혜호희"
SECOND_SYLLABLES = "겸경규나남라람린민빈서석선솔수아연영온우욱원율윤은인재정주준진찬하현혁형호훈희"

# The share of a department in a hundred: large ones and small ones, as at a university.
DEPARTMENTS = {
    **{"국어국문학과": 3, "영어영문학과": 3, "중어중문학과": 2, "일어일문학과": 2, "불어불문학과": 1},
    **{"사학과": 2, "철학과": 1, "심리학과": 3, "사회학과": 2, "정치외교학과": 3, "행정학과": 3},
    **{"미디어커뮤니케이션학과": 3, "사회복지학과": 2, "경제학과": 4, "경영학과": 7, "회계학과": 2},
    **{"국제통상학과": 3, "관광경영학과": 2, "법학과": 3, "교육학과": 2, "유아교육과": 1, "수학과": 2},
    **{"통계학과": 2, "물리학과": 2, "화학과": 2, "생명과학과": 3, "식품영양학과": 2, "의류학과": 1},
    **{"컴퓨터공학과": 6, "인공지능학과": 3, "전자공학과": 5, "기계공학과": 5, "화학공학과": 3},
    **{"신소재공학과": 3, "건축학과": 2, "토목환경공학과": 2, "산업공학과": 2, "간호학과": 3},
    **{"체육교육과": 1, "음악학과": 1, "시각디자인학과": 2},
}


@dataclass(frozen=True, slots=True)
class Cohort:
    """Students who came in one year and are alike in level, status and year of study."""

    came: int
    first: int
    count: int
    year: int | None
    status: StudentStatus = StudentStatus.ENROLLED
    level: Level = Level.UNDERGRADUATE


COHORTS = (
    *(Cohort(2027 - year, 1, UNDERGRADUATES_OF_A_YEAR, year) for year in (4, 3, 2, 1)),
    Cohort(2022, 1, 400, 3, StudentStatus.ON_LEAVE),
    Cohort(2024, 3001, 400, 2, StudentStatus.ON_LEAVE),
    Cohort(2019, 1, 500, None, StudentStatus.GRADUATED),
    Cohort(2023, 3001, 40, None, StudentStatus.LEFT),
    Cohort(2025, 7001, 300, 1, level=Level.GRADUATE),
    Cohort(2024, 7001, 60, 2, StudentStatus.ON_LEAVE, Level.GRADUATE),
)


def students() -> Iterator[Student]:
    """Yield every invented student, not saved yet."""
    luck = random.Random(SEED)  # noqa: S311 - names for show, the same in every run
    names = iter(WELL_KNOWN)
    for cohort in COHORTS:
        for number in range(cohort.first, cohort.first + cohort.count):
            yield invent(cohort, f"{cohort.came}{number:04}", next(names, None) or full_name(luck), luck)


def invent(cohort: Cohort, number: str, name: str, luck: random.Random) -> Student:
    """Return one student of a cohort."""
    return Student(
        student_number=number,
        name=name,
        name_key=name_key(name),
        department=luck.choices(list(DEPARTMENTS), list(DEPARTMENTS.values()))[0],
        year=cohort.year,
        level=cohort.level,
        status=cohort.status,
        campus="한빛캠퍼스",
        email=f"{number}@{MAIL_DOMAIN}",
        demo=True,
    )


def full_name(luck: random.Random) -> str:
    """Return a family name and a given name of two different syllables."""
    family = luck.choices(list(FAMILY_NAMES), list(FAMILY_NAMES.values()))[0]
    first, second = luck.choice(FIRST_SYLLABLES), luck.choice(SECOND_SYLLABLES)
    return full_name(luck) if first == second else f"{family}{first}{second}"
