"""Which names of structures are lesions, margins or organs, and which number an organ has."""

import re
from typing import Literal

Kind = Literal["lesion", "margin", "organ"]

_LESION = re.compile(
    r"(?<!peri)(?<!peri )(tumou?r|lesion|metasta|neoplas|malignan|cancer|carcinoma|sarcoma|"
    r"melanoma|lymphoma|gtv|hypermetabolic)|\bttb\b",
    re.IGNORECASE,
)
_NO_LESION = re.compile(
    r"\b(no|non|not|without|minus|free)\b|o?edema|^(body|normal|healthy)", re.IGNORECASE
)
_MARGIN = re.compile(r"(?<![a-z])(c|p|i|prv|pr)tv|(?<![a-z])prv(?![a-z])", re.IGNORECASE)

LESION_CODES = frozenset(
    {
        "108369006",  # Neoplasm (SNOMED CT), and below in the older SRT
        "M-8FFFF",
        "52988006",  # Lesion
        "M-01100",
        "4147007",  # Mass
        "M-03000",
        "49755003",  # Morphologically abnormal structure
        "M-01000",
        "86049000",  # Malignant neoplasm, primary
        "M-80003",
        "14799000",  # Neoplasm, metastatic
        "M-80006",
    }
)
"""Categories and types of segmented properties (PS3.16 CID 7150, 7151, 7159) that are lesions."""

_TOTAL = """
spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right
adrenal_gland_left lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right
lung_middle_lobe_right lung_lower_lobe_right esophagus trachea thyroid_gland small_bowel duodenum
colon urinary_bladder prostate kidney_cyst_left kidney_cyst_right sacrum vertebrae_s1 vertebrae_l5
vertebrae_l4 vertebrae_l3 vertebrae_l2 vertebrae_l1 vertebrae_t12 vertebrae_t11 vertebrae_t10
vertebrae_t9 vertebrae_t8 vertebrae_t7 vertebrae_t6 vertebrae_t5 vertebrae_t4 vertebrae_t3
vertebrae_t2 vertebrae_t1 vertebrae_c7 vertebrae_c6 vertebrae_c5 vertebrae_c4 vertebrae_c3
vertebrae_c2 vertebrae_c1 heart aorta pulmonary_vein brachiocephalic_trunk subclavian_artery_right
subclavian_artery_left common_carotid_artery_right common_carotid_artery_left
brachiocephalic_vein_left brachiocephalic_vein_right atrial_appendage_left superior_vena_cava
inferior_vena_cava portal_vein_and_splenic_vein iliac_artery_left iliac_artery_right
iliac_vena_left iliac_vena_right humerus_left humerus_right scapula_left scapula_right
clavicula_left clavicula_right femur_left femur_right hip_left hip_right spinal_cord
gluteus_maximus_left gluteus_maximus_right gluteus_medius_left gluteus_medius_right
gluteus_minimus_left gluteus_minimus_right autochthon_left autochthon_right iliopsoas_left
iliopsoas_right brain skull
"""
_RIBS = [f"rib_{side}_{number}" for side in ("left", "right") for number in range(1, 13)]
_OTHERS = """
body lung lung_left lung_right kidney adrenal_gland lung_lobe bowel rectum uterus ovary ovary_left
ovary_right testis breast breast_left breast_right parotid_gland parotid_gland_left
parotid_gland_right submandibular_gland submandibular_gland_left submandibular_gland_right eye
eye_left eye_right lens_left lens_right optic_nerve_left optic_nerve_right optic_chiasm brainstem
cerebellum pituitary_gland larynx pharynx oral_cavity mandible tongue thymus femoral_head_left
femoral_head_right bone bone_marrow muscle fat skin lymph_node vertebrae rib pelvis penile_bulb
seminal_vesicle gland tonsil blood_pool myocardium artery vein bronchus airway edema couch
"""

NUMBERS = {
    **{name: number for number, name in enumerate(_TOTAL.split(), start=1)},
    **{name: number for number, name in enumerate(_RIBS, start=92)},
    "sternum": 116,
    "costal_cartilages": 117,
    **{name: number for number, name in enumerate(_OTHERS.split(), start=201)},
}
"""Numbers of structures in ``labels``: to 117 those of TotalSegmentator's task ``total`` (v2)."""

FIRST_UNKNOWN = 1001
"""Of structures whose names say no organ; in the order in which they were read."""

_SAME = {
    "l": "left",
    "lt": "left",
    "r": "right",
    "rt": "right",
    "lungs": "lung",
    "kidneys": "kidney",
    "oesophagus": "esophagus",
    "bladder": "urinary bladder",
    "adrenal": "adrenal gland",
    "adrenals": "adrenal gland",
    "thyroid": "thyroid gland",
    "parotid": "parotid gland",
    "clavicle": "clavicula",
    "external": "body",
    "spinalcord": "spinal cord",
    "cord": "spinal cord",
    "vertebra": "vertebrae",
    "ribs": "rib",
    "bones": "bone",
    "oedema": "edema",
    "glnd": "gland",
    "eyes": "eye",
    "uterocervix": "uterus",
}
_BY_WORDS = {frozenset(name.split("_")): name for name in NUMBERS}


def is_lesion_name(name: str) -> bool:
    """Tell whether a structure's name says that it is a lesion.

    ``GTV`` (gross tumour volume, ICRU 50) does; ``CTV`` and ``PTV``, which are margins, do not.
    """
    words = _words(name)
    return bool(_LESION.search(words)) and not _NO_LESION.search(words)


def kind_of(name: str, meanings: tuple[str, ...] = (), codes: frozenset[str] = frozenset()) -> Kind:
    """Tell whether a structure is a lesion, a margin around one, or anything else.

    Its name decides where it says something, then its coded meanings.
    """
    if is_lesion_name(name):
        return "lesion"
    if _MARGIN.search(_words(name)):
        return "margin"
    if organ_of(name) or _NO_LESION.search(_words(name)):
        return "organ"
    said = [kind for one in meanings if (kind := kind_of(one)) != "organ"]
    return said[0] if said else ("lesion" if codes & LESION_CODES else "organ")


def organ_of(name: str) -> str | None:
    """Return the name of an organ in the vocabulary of :data:`NUMBERS`; None if it says none.

    Words may stand in any order, with sides as ``L``, ``Lt`` or ``left``.
    """
    words = " ".join(_SAME.get(word, word) for word in _words(name).lower().split()).split()
    return _BY_WORDS.get(frozenset(words))


def _words(name: str) -> str:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[_\W]+", " ", apart).strip()
